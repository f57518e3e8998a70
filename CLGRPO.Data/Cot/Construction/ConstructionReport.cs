using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What a teacher did in a construction.</summary>
/// <param name="Generated">Reasonings it wrote, those without an answer included.</param>
/// <param name="Accepted">Of these.</param>
/// <param name="Votes">Judgements it gave.</param>
/// <param name="Agreeing">Of these, those that arrived at the label.</param>
/// <param name="Requests">Outcome → number.</param>
/// <param name="MeanSeconds">Of its answered requests.</param>
public sealed record TeacherReport(
    string Teacher,
    int Generated,
    int Accepted,
    int Votes,
    int Agreeing,
    IReadOnlyDictionary<string, int> Requests,
    double Cost,
    double? MeanSeconds
)
{
    /// <summary>Of the reasonings it wrote; what is neither accepted nor rejected waits for votes.</summary>
    public int Rejected { get; init; }

    /// <summary>Of its answered requests, prompt and completion.</summary>
    public long Tokens { get; init; }

    /// <summary>Of its answered requests.</summary>
    public double? MedianSeconds { get; init; }

    /// <summary>Cohen's kappa of its judgements with the samples' labels; null where it is not defined.</summary>
    public double? LabelKappa { get; init; }
}

/// <summary>How the samples of a class fared.</summary>
public sealed record ClassReport(string Label, int Samples, int Accepted, int Rejected);

/// <summary>How two verifiers agree on what both judged.</summary>
/// <param name="Both">Reasonings that both judged.</param>
/// <param name="Percent">Share with the same label; null where they judged nothing in common.</param>
/// <param name="Kappa">Cohen's kappa over the labels; null where it is not defined.</param>
public sealed record VerifierAgreement(string First, string Second, int Both, double? Percent, double? Kappa);

/// <summary>How far a construction is and what it found: for the command line, the page and the API.</summary>
/// <param name="Progress">How far it is.</param>
/// <param name="Reasons">Reason of a rejected attempt → number, the most frequent first.</param>
public sealed record ConstructionReport(
    ConstructionProgress Progress,
    IReadOnlyList<TeacherReport> Teachers,
    IReadOnlyList<ClassReport> Classes,
    IReadOnlyList<KeyValuePair<string, int>> Reasons,
    IReadOnlyList<VerifierAgreement> Agreement
)
{
    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<ConstructionReport> Of(
        IDbContextFactory<StoreContext> store,
        long jobId,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var progress = await ConstructionProgress.Of(store, jobId, time, stop);
        await using var context = store.CreateDbContext();
        var job = await context.Jobs.AsNoTracking().Include(job => job.Dataset).SingleAsync(j => j.Id == jobId, stop);
        return new ConstructionReport(
            progress,
            await TeacherReports(context, job, await Calls(context, jobId, stop), stop),
            await Classify(context, job, stop),
            await CountReasons(context, jobId, stop),
            await Agreements(context, job, stop)
        );
    }

    private static async Task<List<ClassReport>> Classify(
        StoreContext context,
        ConstructionJob job,
        CancellationToken stop
    )
    {
        var counts = await context
            .Items.Where(item => item.JobId == job.Id)
            .GroupBy(item => new { item.Sample!.Label, item.State })
            .Select(items => new
            {
                items.Key.Label,
                items.Key.State,
                Count = items.Count(),
            })
            .ToListAsync(stop);
        int Count(string label, ItemState state) =>
            counts.Where(c => c.Label == label && c.State == state).Sum(c => c.Count);
        return
        [
            .. job.Dataset!.Labels.Select(label => new ClassReport(
                    label,
                    counts.Where(c => c.Label == label).Sum(c => c.Count),
                    Count(label, ItemState.Accepted),
                    Count(label, ItemState.Rejected)
                ))
                .Where(label => label.Samples > 0),
        ];
    }

    private static Task<List<CallCount>> Calls(StoreContext context, long jobId, CancellationToken stop) =>
        context
            .Calls.Where(call => call.JobId == jobId)
            .GroupBy(call => new { call.Teacher, call.Outcome })
            .Select(calls => new CallCount(
                calls.Key.Teacher,
                calls.Key.Outcome,
                calls.Count(),
                calls.Sum(call => call.Cost),
                calls.Sum(call => call.Seconds),
                calls.Sum(call => (long)call.PromptTokens + call.CompletionTokens)
            ))
            .ToListAsync(stop);

    private static async Task<List<TeacherReport>> TeacherReports(
        StoreContext context,
        ConstructionJob job,
        List<CallCount> calls,
        CancellationToken stop
    )
    {
        var jobId = job.Id;
        var kappas = await LabelKappas(context, job, stop);
        var medians = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var answered in calls.Where(call => call.Outcome == TeacherOutcome.Answered))
            medians[answered.Teacher] = await MedianSeconds(context, jobId, answered, stop);
        var written = await context
            .Records.Where(record => record.JobId == jobId)
            .GroupBy(record => new { record.Teacher, record.State })
            .Select(records => new
            {
                records.Key.Teacher,
                records.Key.State,
                Count = records.Count(),
            })
            .ToListAsync(stop);
        int Written(string teacher, CotState state) =>
            written.Where(record => record.Teacher == teacher && record.State == state).Sum(record => record.Count);
        var judged = await Votes(context, jobId)
            .GroupBy(vote => new { vote.Teacher, vote.Agrees })
            .Select(votes => new
            {
                votes.Key.Teacher,
                votes.Key.Agrees,
                Count = votes.Count(),
            })
            .ToListAsync(stop);
        return
        [
            .. calls
                .Select(call => call.Teacher)
                .Union(written.Select(record => record.Teacher), StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(teacher =>
                {
                    var own = calls.Where(call => call.Teacher == teacher).ToList();
                    var answered = own.Where(call => call.Outcome == TeacherOutcome.Answered).ToList();
                    return new TeacherReport(
                        teacher,
                        written.Where(record => record.Teacher == teacher).Sum(record => record.Count),
                        Written(teacher, CotState.Accepted),
                        judged.Where(vote => vote.Teacher == teacher).Sum(vote => vote.Count),
                        judged.Where(vote => vote.Teacher == teacher && vote.Agrees).Sum(vote => vote.Count),
                        own.ToDictionary(call => call.Outcome, call => call.Count, StringComparer.Ordinal),
                        own.Sum(call => call.Cost),
                        answered.Count > 0
                            ? answered.Sum(call => call.Seconds) / answered.Sum(call => call.Count)
                            : null
                    )
                    {
                        Rejected = Written(teacher, CotState.Rejected),
                        Tokens = own.Sum(call => call.Tokens),
                        MedianSeconds = medians.TryGetValue(teacher, out var median) ? median : null,
                        LabelKappa = kappas.GetValueOrDefault(teacher),
                    };
                }),
        ];
    }

    /// <summary>Of an even number, the upper one of the two in the middle.</summary>
    private static Task<double> MedianSeconds(
        StoreContext context,
        long jobId,
        CallCount answered,
        CancellationToken stop
    ) =>
        context
            .Calls.Where(call =>
                call.JobId == jobId && call.Teacher == answered.Teacher && call.Outcome == answered.Outcome
            )
            .OrderBy(call => call.Seconds)
            .Skip(answered.Count / 2)
            .Select(call => call.Seconds)
            .FirstAsync(stop);

    /// <summary>Verifier → its agreement with the labels, over what it answered.</summary>
    private static async Task<Dictionary<string, double?>> LabelKappas(
        StoreContext context,
        ConstructionJob job,
        CancellationToken stop
    )
    {
        var counts = await context
            .Votes.Where(vote => vote.Failure == null)
            .Join(
                context.Records.Where(record => record.JobId == job.Id),
                vote => vote.RecordId,
                record => record.Id,
                (vote, record) =>
                    new
                    {
                        vote.Teacher,
                        Said = vote.Label,
                        True = record.Sample!.Label,
                    }
            )
            .GroupBy(vote => new
            {
                vote.Teacher,
                vote.Said,
                vote.True,
            })
            .Select(votes => new { votes.Key, Count = votes.Count() })
            .ToListAsync(stop);
        var labels = job.Dataset!.Labels;
        int Category(string? label) => label is null ? labels.Count : labels.IndexOf(label);
        return counts
            .GroupBy(count => count.Key.Teacher, StringComparer.Ordinal)
            .ToDictionary(
                teacher => teacher.Key,
                teacher =>
                    Reviews.Agreement.CohenKappa(
                        [.. teacher.SelectMany(c => Enumerable.Repeat(Category(c.Key.Said), c.Count))],
                        [.. teacher.SelectMany(c => Enumerable.Repeat(Category(c.Key.True), c.Count))],
                        labels.Count + 1
                    ),
                StringComparer.Ordinal
            );
    }

    private static async Task<List<KeyValuePair<string, int>>> CountReasons(
        StoreContext context,
        long jobId,
        CancellationToken stop
    )
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var rejected = context.Records.Where(record => record.JobId == jobId && record.State == CotState.Rejected);
        await foreach (
            var reasons in rejected.Select(record => record.Reasons).AsAsyncEnumerable().WithCancellation(stop)
        )
        {
            foreach (var reason in reasons)
                counts[reason] = counts.GetValueOrDefault(reason) + 1;
        }
        return
        [
            .. counts.OrderByDescending(reason => reason.Value).ThenBy(reason => reason.Key, StringComparer.Ordinal),
        ];
    }

    /// <summary>Every pair of verifiers over the reasonings that both judged; an answer that is none of the labels is a class of its own.</summary>
    private static async Task<List<VerifierAgreement>> Agreements(
        StoreContext context,
        ConstructionJob job,
        CancellationToken stop
    )
    {
        // Counted by the database: the votes of a large job need not come here one by one.
        var answered = Votes(context, job.Id).Where(vote => vote.Failure == null);
        var counts = await answered
            .Join(
                context.Votes.Where(vote => vote.Failure == null),
                a => a.RecordId,
                b => b.RecordId,
                (a, b) => new { a, b }
            )
            .GroupBy(pair => new
            {
                First = pair.a.Teacher,
                Second = pair.b.Teacher,
                FirstLabel = pair.a.Label,
                SecondLabel = pair.b.Label,
            })
            .Select(pairs => new { pairs.Key, Count = pairs.Count() })
            .ToListAsync(stop);
        var labels = job.Dataset!.Labels;
        var verifiers = ConstructionConfig.Parse(job.Config).Verifiers;
        int Category(string? label) => label is null ? labels.Count : labels.IndexOf(label);
        VerifierAgreement Pair(string first, string second)
        {
            var cells = counts.Where(c => c.Key.First == first && c.Key.Second == second).ToList();
            int[] a = [.. cells.SelectMany(c => Enumerable.Repeat(Category(c.Key.FirstLabel), c.Count))];
            int[] b = [.. cells.SelectMany(c => Enumerable.Repeat(Category(c.Key.SecondLabel), c.Count))];
            return new VerifierAgreement(
                first,
                second,
                a.Length,
                Reviews.Agreement.Percent(a, b),
                Reviews.Agreement.CohenKappa(a, b, labels.Count + 1)
            );
        }
        return
        [
            .. from first in verifiers.Index()
            from second in verifiers.Index()
            where first.Index < second.Index
            select Pair(first.Item, second.Item),
        ];
    }

    private static IQueryable<CotVote> Votes(StoreContext context, long jobId) =>
        context.Records.Where(record => record.JobId == jobId).SelectMany(record => record.Votes);

    private sealed record CallCount(
        string Teacher,
        string Outcome,
        int Count,
        double Cost,
        double Seconds,
        long Tokens
    );
}
