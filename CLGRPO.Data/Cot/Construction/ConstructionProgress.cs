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
        return await Of(
            context,
            job,
            await context.Calls.Where(call => call.JobId == jobId).SumAsync(call => call.Cost, stop),
            await Rate(context, jobId, time.GetUtcNow().UtcDateTime, stop),
            (round, open) => Unanswered(context, job, round, open, stop),
            stop
        );
    }

    /// <param name="perMinute">Answered requests; null while there are none.</param>
    /// <param name="unanswered">From the round and its open samples: questions that it may still ask.</param>
    internal static async Task<ConstructionProgress> Of(
        StoreContext context,
        ConstructionJob job,
        double cost,
        double? perMinute,
        Func<int, int, Task<double>> unanswered,
        CancellationToken stop
    )
    {
        var items = await context
            .Items.Where(item => item.JobId == job.Id)
            .GroupBy(item => new { item.State, Round = item.State == ItemState.Open ? item.Attempts : 0 })
            .Select(items => new
            {
                items.Key.State,
                items.Key.Round,
                Count = items.Count(),
            })
            .ToListAsync(stop);
        int Count(ItemState state) => items.Where(item => item.State == state).Sum(item => item.Count);
        var first = items.Where(item => item.State == ItemState.Open).MinBy(item => item.Round);
        return new ConstructionProgress
        {
            JobId = job.Id,
            Name = job.Name,
            Dataset = job.Dataset!.Name,
            State = job.State,
            Failure = job.Failure,
            Samples = items.Sum(item => item.Count),
            Accepted = Count(ItemState.Accepted),
            Rejected = Count(ItemState.Rejected),
            Round = first?.Round,
            Cost = cost,
            RequestsPerMinute = perMinute,
            Remaining =
                first is not null && perMinute > 0
                    ? TimeSpan.FromMinutes(Math.Max(0, await unanswered(first.Round, first.Count)) / perMinute.Value)
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
        int open,
        CancellationToken stop
    )
    {
        var config = ConstructionConfig.Parse(job.Config);
        var waiting = context.Records.Where(record =>
            record.JobId == job.Id && record.State == CotState.Candidate && record.Attempt == round
        );
        var written = await waiting.CountAsync(stop);
        var votes = await waiting.SelectMany(record => record.Votes).CountAsync(stop);
        var judges = config.Generators.Average(config.JudgesOf);
        return open - written + (open * judges) - votes;
    }
}
