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
);

/// <summary>How the samples of a class fared.</summary>
public sealed record ClassReport(string Label, int Samples, int Accepted, int Rejected);

/// <summary>How two verifiers agree on what both judged.</summary>
/// <param name="Both">Reasonings that both judged.</param>
/// <param name="Percent">Share with the same label; null where they judged nothing in common.</param>
/// <param name="Kappa">Cohen's kappa over the labels; null where it is not defined.</param>
public sealed record PairAgreement(string First, string Second, int Both, double? Percent, double? Kappa);

/// <summary>How far a construction is and what it found: for the command line, the page and the API.</summary>
public sealed record ConstructionReport
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(5);

    public required long JobId { get; init; }
    public required string Name { get; init; }
    public required string Dataset { get; init; }
    public required JobState State { get; init; }
    public string? Failure { get; init; }
    public required int Samples { get; init; }
    public required int Accepted { get; init; }
    public required int Rejected { get; init; }
    public int Open => Samples - Accepted - Rejected;

    /// <summary>The round in progress, from 0; null when none is.</summary>
    public int? Round { get; init; }
    public required double Cost { get; init; }

    /// <summary>Answered requests of the last minutes; null while there are none.</summary>
    public double? RequestsPerMinute { get; init; }

    /// <summary>For the round in progress, at this rate.</summary>
    public TimeSpan? Remaining { get; init; }
    public required IReadOnlyList<TeacherReport> Teachers { get; init; }
    public required IReadOnlyList<ClassReport> Classes { get; init; }

    /// <summary>Reason of a rejected attempt → number, the most frequent first.</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Reasons { get; init; }
    public required IReadOnlyList<PairAgreement> Agreement { get; init; }

    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<ConstructionReport> Of(
        IDbContextFactory<StoreContext> store,
        long jobId,
        TimeProvider time,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var job =
            await context.Jobs.AsNoTracking().Include(job => job.Dataset).SingleOrDefaultAsync(j => j.Id == jobId, stop)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        var classes = await Classify(context, job, stop);
        var calls = await Calls(context, jobId, stop);
        var round = await context
            .Items.Where(item => item.JobId == jobId && item.State == ItemState.Open)
            .MinAsync(item => (int?)item.Attempts, stop);
        var rate = await Rate(context, jobId, time.GetUtcNow().UtcDateTime, stop);
        return new ConstructionReport
        {
            JobId = jobId,
            Name = job.Name,
            Dataset = job.Dataset!.Name,
            State = job.State,
            Failure = job.Failure,
            Samples = classes.Sum(label => label.Samples),
            Accepted = classes.Sum(label => label.Accepted),
            Rejected = classes.Sum(label => label.Rejected),
            Round = round,
            Cost = calls.Sum(call => call.Cost),
            RequestsPerMinute = rate,
            Remaining =
                round is { } current && rate > 0
                    ? TimeSpan.FromMinutes(await Unanswered(context, job, current, stop) / rate.Value)
                    : null,
            Teachers = await TeacherReports(context, jobId, calls, stop),
            Classes = classes,
            Reasons = await CountReasons(context, jobId, stop),
            Agreement = await Agreements(context, job, stop),
        };
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
                calls.Sum(call => call.Seconds)
            ))
            .ToListAsync(stop);

    private static async Task<List<TeacherReport>> TeacherReports(
        StoreContext context,
        long jobId,
        List<CallCount> calls,
        CancellationToken stop
    )
    {
        var written = await context
            .Records.Where(record => record.JobId == jobId)
            .GroupBy(record => new { record.Teacher, IsAccepted = record.State == CotState.Accepted })
            .Select(records => new
            {
                records.Key.Teacher,
                records.Key.IsAccepted,
                Count = records.Count(),
            })
            .ToListAsync(stop);
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
                        written.Where(record => record.Teacher == teacher && record.IsAccepted).Sum(r => r.Count),
                        judged.Where(vote => vote.Teacher == teacher).Sum(vote => vote.Count),
                        judged.Where(vote => vote.Teacher == teacher && vote.Agrees).Sum(vote => vote.Count),
                        own.ToDictionary(call => call.Outcome, call => call.Count, StringComparer.Ordinal),
                        own.Sum(call => call.Cost),
                        answered.Count > 0
                            ? answered.Sum(call => call.Seconds) / answered.Sum(call => call.Count)
                            : null
                    );
                }),
        ];
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
    private static async Task<List<PairAgreement>> Agreements(
        StoreContext context,
        ConstructionJob job,
        CancellationToken stop
    )
    {
        var labels = job.Dataset!.Labels;
        var verifiers = ConstructionConfig.Parse(job.Config).Verifiers;
        var byRecord = new Dictionary<long, int[]>();
        var votes = Votes(context, job.Id)
            .Where(vote => vote.Failure == null)
            .Select(vote => new
            {
                vote.RecordId,
                vote.Teacher,
                vote.Label,
            });
        await foreach (var vote in votes.AsAsyncEnumerable().WithCancellation(stop))
        {
            var verifier = verifiers.Index().Where(v => v.Item == vote.Teacher).Select(v => v.Index).FirstOrDefault(-1);
            if (verifier < 0)
                continue;
            if (!byRecord.TryGetValue(vote.RecordId, out var ratings))
                byRecord[vote.RecordId] = ratings = [.. Enumerable.Repeat(-1, verifiers.Count)];
            ratings[verifier] = vote.Label is null ? labels.Count : labels.IndexOf(vote.Label);
        }
        return
        [
            .. from first in Enumerable.Range(0, verifiers.Count)
            from second in Enumerable.Range(first + 1, verifiers.Count - first - 1)
            select Pair(
                verifiers[first],
                verifiers[second],
                [.. byRecord.Values.Where(r => r[first] >= 0 && r[second] >= 0)],
                first,
                second,
                labels.Count + 1
            ),
        ];
    }

    private static PairAgreement Pair(
        string firstName,
        string secondName,
        List<int[]> ratings,
        int first,
        int second,
        int categories
    )
    {
        int[] a = [.. ratings.Select(rating => rating[first])];
        int[] b = [.. ratings.Select(rating => rating[second])];
        return a.Length == 0
            ? new PairAgreement(firstName, secondName, 0, null, null)
            : new PairAgreement(
                firstName,
                secondName,
                a.Length,
                Reviews.Agreement.Percent(a, b),
                Reviews.Agreement.CohenKappa(a, b, categories)
            );
    }

    private static IQueryable<CotVote> Votes(StoreContext context, long jobId) =>
        context.Records.Where(record => record.JobId == jobId).SelectMany(record => record.Votes);

    private static async Task<double?> Rate(StoreContext context, long jobId, DateTime now, CancellationToken stop)
    {
        var since = now - RateWindow;
        var recent = context.Calls.Where(call =>
            call.JobId == jobId && call.Outcome == TeacherOutcome.Answered && call.StartedAt > since
        );
        if (await recent.MinAsync(call => (DateTime?)call.StartedAt, stop) is not { } first)
            return null;
        var minutes = Math.Max((now - first).TotalMinutes, 1.0 / 60);
        return await recent.CountAsync(stop) / minutes;
    }

    /// <summary>Questions that the round may still ask: what is open, less what is answered.</summary>
    private static async Task<int> Unanswered(
        StoreContext context,
        ConstructionJob job,
        int round,
        CancellationToken stop
    )
    {
        var config = ConstructionConfig.Parse(job.Config);
        var open = await context.Items.CountAsync(
            item => item.JobId == job.Id && item.State == ItemState.Open && item.Attempts == round,
            stop
        );
        var written = context.Records.Where(record => record.JobId == job.Id && record.Attempt == round);
        var records = await written.CountAsync(stop);
        var faulty = await written.CountAsync(record => record.State == CotState.Rejected, stop);
        var votes = await written.SelectMany(record => record.Votes).CountAsync(stop);
        return Math.Max(0, open - records + ((open - faulty) * config.Verifiers.Count) - votes);
    }

    private sealed record CallCount(string Teacher, string Outcome, int Count, double Cost, double Seconds);
}
