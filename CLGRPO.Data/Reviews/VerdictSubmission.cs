using CLGRPO.Data.Cot;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Reviews;

/// <summary>What a person says about an item.</summary>
public sealed record VerdictSubmission
{
    public const int MostCharacters = 20_000;
    public const int MostCommentCharacters = 4_000;
    public const int MostKeyCharacters = 64;

    /// <summary>Chosen by the sender; sent again after a lost answer, it is the same review and not another one.</summary>
    public required string Key { get; init; }
    public required Verdict Verdict { get; init; }

    /// <summary>Why, one of <see cref="RejectReason.All"/>; needed to reject.</summary>
    public string? Reason { get; init; }

    /// <summary>The reasoning as it should be, without tags; only to edit.</summary>
    public string? Text { get; init; }
    public IReadOnlyDictionary<string, int>? Ratings { get; init; }
    public string? Comment { get; init; }

    /// <summary>The version of the guidelines that lay beside it.</summary>
    public int? Guideline { get; init; }
    public double? Seconds { get; init; }

    /// <summary>Checks what can be seen without the item.</summary>
    /// <exception cref="ReviewException">A part is not possible.</exception>
    internal void Check()
    {
        if (Key.Length is 0 or > MostKeyCharacters)
            throw new ReviewException($"The key of a submission has 1 to {MostKeyCharacters} characters.");
        if (!Enum.IsDefined(Verdict))
            throw new ReviewException($"There is no verdict {Verdict}.");
        if (Verdict == Verdict.Reject && !RejectReason.Has(Reason))
            throw new ReviewException(
                $"A rejection says why: one of {string.Join(", ", RejectReason.All.Select(reason => reason.Key))}."
            );
        if ((Text is not null) != (Verdict == Verdict.Edit))
            throw new ReviewException("A new text comes with the verdict 'edit', and with no other.");
        if (Comment?.Length > MostCommentCharacters || Reason?.Length > MostCommentCharacters)
            throw new ReviewException($"A comment has {MostCommentCharacters} characters at most.");
        if (Seconds is < 0 or > 86_400)
            throw new ReviewException("The seconds of a judgement lie between 0 and a day.");
    }

    /// <summary>The completion with the new reasoning; the answer stays. Null where nothing is edited.</summary>
    /// <exception cref="ReviewException">The text is empty, too long, holds tags, or is the old one.</exception>
    internal string? Edited(CotRecord record, string label)
    {
        if (Text is null)
            return null;
        var text = Text.ReplaceLineEndings("\n").Trim();
        if (text.Length is 0 or > MostCharacters)
            throw new ReviewException($"The reasoning has 1 to {MostCharacters} characters, not {text.Length}.");
        var parsed = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot);
        if (parsed.Think?.Trim() == text)
            throw new ReviewException("The text is the old one: accept it, or change it.");
        var completion = CompletionFormat.Write(text, parsed.Answer?.Trim() ?? label, CompletionStyle.Cot);
        return CompletionFormat.Parse(completion, CompletionStyle.Cot).WellFormed
            ? completion
            : throw new ReviewException("The reasoning holds tags such as <think> or <answer>; leave them out.");
    }
}

/// <summary>A review that was stored.</summary>
/// <param name="Repeated">It had been stored before, by the same submission.</param>
public sealed record VerdictReceipt(
    long ReviewId,
    long ItemId,
    Verdict Verdict,
    ReviewItemState Item,
    ReviewState Record,
    bool Repeated
);
