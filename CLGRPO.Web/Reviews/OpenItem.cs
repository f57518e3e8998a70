using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Reviews;

/// <summary>Which text of an item is looked at.</summary>
internal enum TextView
{
    Original,
    Edited,
    Diff,
}

/// <summary>An item on the page, with what its person answered, typed and looks at. What the verifiers suggest is never in it.</summary>
internal sealed class OpenItem
{
    private readonly DateTime _shownAt;

    public OpenItem(ReviewTask task, DateTime now)
    {
        (Task, Draft, _shownAt) = (task, task.Draft, now);
        Ratings = task.Draft?.Ratings ?? new Dictionary<string, int>(StringComparer.Ordinal);
        View = Edited is null ? TextView.Original : TextView.Diff;
    }

    public ReviewTask Task { get; private set; }

    /// <summary>The key of its submission: sent twice, it is stored once.</summary>
    public string Key { get; } = Guid.NewGuid().ToString("N");

    /// <summary>What is typed, as the store has it.</summary>
    public DraftContent? Draft { get; private set; }

    /// <summary>When the browser saved last; null since it was opened.</summary>
    public DateTime? SavedAt { get; private set; }

    public IReadOnlyDictionary<string, int> Ratings { get; private set; }

    /// <summary>Place of the question that digits answer.</summary>
    public int Question { get; private set; }

    /// <summary>Digits name a reason.</summary>
    public bool IsRejecting { get; private set; }

    /// <summary>The text is being typed.</summary>
    public bool IsEditing { get; private set; }

    public TextView View { get; private set; }

    /// <summary>The text as the person wants it; null where it is the teacher's.</summary>
    public string? Edited => Draft?.Text is { } text && text.Trim() != Task.Reasoning ? text.Trim() : null;

    /// <summary>The browser has saved what was typed.</summary>
    public void Saved(ReviewTask fresh, DateTime now)
    {
        (Draft, SavedAt) = (fresh.Draft, now);
        Task = Task with { Comments = fresh.Comments };
    }

    /// <summary>What is saved is what counts.</summary>
    public void Reread(ReviewTask fresh) => Draft = fresh.Draft;

    /// <summary>The person answered, and the next question is marked.</summary>
    public void Rated(IReadOnlyDictionary<string, int> ratings, string question)
    {
        Ratings = ratings;
        var at = ReviewQuestion.All.ToList().FindIndex(one => one.Key == question);
        Mark(at + 1);
    }

    /// <summary>Marks a question for the digits.</summary>
    public void Mark(int question) => Question = Math.Clamp(question, 0, ReviewQuestion.All.Count - 1);

    /// <summary>Digits name the reason now, or rate again.</summary>
    public void AskReason() => (IsRejecting, IsEditing) = (!IsRejecting, false);

    public void Edit() => (IsEditing, IsRejecting, View) = (true, false, TextView.Diff);

    public void Leave() => (IsRejecting, IsEditing) = (false, false);

    public void Compare() => View = View == TextView.Diff ? TextView.Original : TextView.Diff;

    public void Show(TextView view) => (View, IsEditing) = (view, false);

    /// <summary>What the person says with a verdict.</summary>
    public VerdictSubmission Say(Verdict verdict, string? reason, int? guideline, DateTime now) =>
        new()
        {
            Key = Key,
            Verdict = verdict,
            Reason = reason,
            Text = verdict == Verdict.Edit ? Edited : null,
            Ratings = Ratings,
            Comment = Draft?.Comment,
            Guideline = guideline,
            Seconds = Math.Min((now - _shownAt).TotalSeconds, TimeSpan.FromHours(1).TotalSeconds),
        };
}
