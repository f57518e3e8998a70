using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>What a construction must come to for a sample.</summary>
/// <param name="Note">The number that the accepted reasoning bears; null where none was accepted.</param>
internal sealed record ExpectedItem(
    ItemState State,
    int Attempts,
    string? Teacher,
    string? Note,
    double? Agreement,
    string Reasons
);

/// <summary>
/// What the servers were asked and said. From that alone it says what a construction must come to: METHOD.md's definition,
/// written a second time.
/// </summary>
internal sealed partial class CotLedger
{
    private readonly ConcurrentDictionary<(string Teacher, string Question), Page> _pages = new();
    private int _asked;

    /// <summary>Requests so far.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Requests for questions that had been answered already.</summary>
    public int AskedAgain => _pages.Values.Sum(page => page.AskedAgain);

    /// <summary>Most requests for one question.</summary>
    public int MostTries => _pages.Values.Max(page => page.Tries);

    public int Questions => _pages.Count;

    /// <summary>A text of its own for every picture and question, that concludes with the label.</summary>
    public static string Reasoning(FakeRequest request, string label)
    {
        var words = request.ImageHash.Chunk(5).Select(letters => new string(letters));
        return $"the picture shows {string.Join(' ', words)}, note {request.Seed}; that suggests {label}.";
    }

    public void Enter(string teacher, FakeRequest request, FakeAct act)
    {
        var order = Interlocked.Increment(ref _asked);
        var page = _pages.GetOrAdd(
            (teacher, DatasetHash.Of(Encoding.UTF8.GetBytes(request.Question))),
            _ => new Page(teacher, request.ImageHash, request.Seed, NoteIn(request.Text), order)
        );
        page.Enter(act);
    }

    /// <summary>What must have become of each picture.</summary>
    /// <param name="truths">Picture → label.</param>
    public Dictionary<string, ExpectedItem> Expect(
        IReadOnlyDictionary<string, string> truths,
        ConstructionConfig config
    )
    {
        var pages = _pages.Values.ToLookup(page => page.Image, StringComparer.Ordinal);
        return truths.ToDictionary(
            truth => truth.Key,
            truth => Expect([.. pages[truth.Key]], truth.Value, config),
            StringComparer.Ordinal
        );
    }

    private static ExpectedItem Expect(List<Page> pages, string truth, ConstructionConfig config)
    {
        var reasons = new SortedSet<string>(StringComparer.Ordinal);
        var written = pages.Where(page => page.About is null).OrderBy(page => page.Order).ToList();
        foreach (var (attempt, page) in written.Index())
        {
            var votes = pages.Where(vote => vote.About == page.Note).ToList();
            var (reason, agreement) = Verdict(page, votes, truth, config);
            if (reason is not null)
            {
                reasons.Add(reason);
                continue;
            }
            Assert.Equal(written.Count, attempt + 1); // what is accepted is asked nothing more
            return new(ItemState.Accepted, attempt + 1, page.Teacher, page.Note, agreement, string.Join(',', reasons));
        }
        var state = written.Count == config.Attempts ? ItemState.Rejected : ItemState.Open;
        return new(state, written.Count, null, null, null, string.Join(',', reasons));
    }

    private static (string? Reason, double? Agreement) Verdict(
        Page page,
        List<Page> votes,
        string truth,
        ConstructionConfig config
    )
    {
        if (page.Failure is { } failure)
            return (CotReasons.TeacherFailed + failure, null);
        if (page.Label != truth)
            return (CotReasons.WrongLabel, null);
        var judges = config.Verifiers.Where(verifier => verifier != page.Teacher).Order(StringComparer.Ordinal);
        Assert.Equal(judges, votes.Select(vote => vote.Teacher).Order(StringComparer.Ordinal)); // each once
        var answers = votes.Where(vote => vote.Failure is null).ToList();
        var agreement =
            answers.Count == 0 ? (double?)null : answers.Count(a => a.Label == truth) / (double)answers.Count;
        return answers.Count < config.Quorum ? (CotReasons.NoQuorum, agreement)
            : agreement < config.MinAgreement ? (CotReasons.NotVerified, agreement)
            : (null, agreement);
    }

    /// <summary>Key → what a job came to, as it stands in the store.</summary>
    public static async Task<Dictionary<string, ExpectedItem>> Actual(StoreFactory store, long jobId)
    {
        await using var context = store.CreateDbContext();
        var items = await context
            .Items.Where(item => item.JobId == jobId)
            .Select(item => new
            {
                item.Sample!.Key,
                item.State,
                item.Attempts,
                item.Reasons,
                Record = context.Records.FirstOrDefault(record => record.Id == item.RecordId),
            })
            .ToListAsync();
        return items.ToDictionary(
            item => item.Key,
            item => new ExpectedItem(
                item.State,
                item.Attempts,
                item.Record?.Teacher,
                item.Record is { } record ? NoteIn(record.Completion) : null,
                item.Record?.Agreement,
                string.Join(',', item.Reasons.Order(StringComparer.Ordinal))
            ),
            StringComparer.Ordinal
        );
    }

    private static string? NoteIn(string text) =>
        NotePattern().Match(text) is { Success: true } match ? match.Groups["note"].Value : null;

    [GeneratedRegex(@"\bnote (?<note>[0-9]+);", RegexOptions.NonBacktracking)]
    private static partial Regex NotePattern();

    /// <summary>A question to a teacher.</summary>
    /// <param name="About">The note of the reasoning to judge; null where one is to be written.</param>
    private sealed class Page(string teacher, string image, long seed, string? about, int order)
    {
        private readonly Lock _lock = new();
        private bool _isAnswered;

        public string Teacher => teacher;
        public string Image => image;
        public string? About => about;
        public string Note { get; } = seed.ToString(CultureInfo.InvariantCulture);
        public int Order => order;
        public int Tries { get; private set; }
        public int AskedAgain { get; private set; }
        public string? Label { get; private set; }

        /// <summary>In the words of the records, what became of the last try; null where it was an answer.</summary>
        public string? Failure { get; private set; }

        public void Enter(FakeAct act)
        {
            lock (_lock)
            {
                Tries++;
                if (_isAnswered)
                    AskedAgain++;
                _isAnswered |= act is FakeAct.Answer;
                Label = (act as FakeAct.Answer)?.Content.Split('>', '<')[2];
                Failure = act switch
                {
                    FakeAct.Answer => null,
                    FakeAct.Stall => TeacherOutcome.Of(TeacherFault.Timeout),
                    FakeAct.Cut => TeacherOutcome.Of(TeacherFault.ConnectionLost),
                    FakeAct.Body => TeacherOutcome.Of(TeacherFault.Garbage),
                    FakeAct.Error { Status: 429 } => TeacherOutcome.Of(TeacherFault.RateLimited),
                    FakeAct.Error { Status: 500 } => TeacherOutcome.Of(TeacherFault.ServerError),
                    _ => throw new InvalidOperationException($"No word for {act}."),
                };
            }
        }
    }
}
