using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>How far a construction is: cheap enough to be asked for every few seconds.</summary>
public sealed record ConstructionProgress
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

    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<ConstructionProgress> Of(
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
        var items = await context
            .Items.Where(item => item.JobId == jobId)
            .GroupBy(item => item.State)
            .ToDictionaryAsync(states => states.Key, states => states.Count(), stop);
        var round = await context
            .Items.Where(item => item.JobId == jobId && item.State == ItemState.Open)
            .MinAsync(item => (int?)item.Attempts, stop);
        var rate = await Rate(context, jobId, time.GetUtcNow().UtcDateTime, stop);
        return new ConstructionProgress
        {
            JobId = jobId,
            Name = job.Name,
            Dataset = job.Dataset!.Name,
            State = job.State,
            Failure = job.Failure,
            Samples = items.Values.Sum(),
            Accepted = items.GetValueOrDefault(ItemState.Accepted),
            Rejected = items.GetValueOrDefault(ItemState.Rejected),
            Round = round,
            Cost = await context.Calls.Where(call => call.JobId == jobId).SumAsync(call => call.Cost, stop),
            RequestsPerMinute = rate,
            Remaining =
                round is { } current && rate > 0
                    ? TimeSpan.FromMinutes(await Unanswered(context, job, current, stop) / rate.Value)
                    : null,
        };
    }

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

    /// <summary>Questions that the round may still ask: what is not decided, less what is answered of it.</summary>
    private static async Task<double> Unanswered(
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
        var waiting = context.Records.Where(record =>
            record.JobId == job.Id && record.State == CotState.Candidate && record.Attempt == round
        );
        var written = await waiting.CountAsync(stop);
        var votes = await waiting.SelectMany(record => record.Votes).CountAsync(stop);
        var judges = config.Generators.Average(config.JudgesOf);
        return Math.Max(0, open - written + (open * judges) - votes);
    }
}
