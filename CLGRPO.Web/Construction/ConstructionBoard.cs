using System.Collections.Concurrent;
using System.Diagnostics;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Construction;

/// <summary>The constructions in figures. Pages share them, and counting is given a twentieth of the time at most, however large one is.</summary>
public sealed class ConstructionBoard(StoreFactory store, ConstructionService work, TimeProvider clock)
{
    private const int CountingShare = 20;
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(700);
    private readonly ConcurrentDictionary<long, Entry> _entries = new();

    /// <summary>All constructions, newest first.</summary>
    public Task<IReadOnlyList<ConstructionSummary>> List(CancellationToken stop) => Summaries(id: null, stop);

    /// <summary>A construction; null where there is none of that number.</summary>
    public async Task<ConstructionSummary?> Find(long id, CancellationToken stop) =>
        (await Summaries(id, stop)).SingleOrDefault();

    /// <summary>All figures of a construction, at most some seconds old.</summary>
    /// <exception cref="ConstructionException">There is none of that number.</exception>
    public async Task<ConstructionInsight> Insight(long id, CancellationToken stop)
    {
        var entry = _entries.GetOrAdd(id, _ => new Entry());
        await entry.Turn.WaitAsync(stop);
        try
        {
            if (entry.Insight is { } known && Stopwatch.GetElapsedTime(entry.CountedAt) < entry.Fresh)
                return known;
            var begun = Stopwatch.GetTimestamp();
            var report = await ConstructionReport.Of(store, id, clock, stop);
            var course = await ConstructionCourse.Of(store, report.Progress, clock, stop);
            var took = Stopwatch.GetElapsedTime(begun);
            entry.Fresh = CountingShare * took > Least ? CountingShare * took : Least;
            entry.CountedAt = Stopwatch.GetTimestamp();
            return entry.Insight = new ConstructionInsight(report, course);
        }
        finally
        {
            entry.Turn.Release();
        }
    }

    private async Task<IReadOnlyList<ConstructionSummary>> Summaries(long? id, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var jobs = await context
            .Jobs.AsNoTracking()
            .Include(job => job.Dataset)
            .Where(job => id == null || job.Id == id)
            .OrderByDescending(job => job.Id)
            .ToListAsync(stop);
        var items = await context
            .Items.Where(item => id == null || item.JobId == id)
            .GroupBy(item => new { item.JobId, item.State })
            .Select(items => new
            {
                items.Key.JobId,
                items.Key.State,
                Count = items.Count(),
            })
            .ToListAsync(stop);
        var costs = await context
            .Calls.Where(call => call.JobId != null && (id == null || call.JobId == id))
            .GroupBy(call => call.JobId!.Value)
            .ToDictionaryAsync(calls => calls.Key, calls => calls.Sum(call => call.Cost), stop);
        int Count(long job, ItemState state) =>
            items.Where(item => item.JobId == job && item.State == state).Sum(item => item.Count);
        return
        [
            .. jobs.Select(job => new ConstructionSummary(
                job.Id,
                job.Name,
                job.DatasetId,
                job.Dataset!.Name,
                StandingOf(job),
                job.Failure,
                job.IsTrial,
                Count(job.Id, ItemState.Accepted),
                Count(job.Id, ItemState.Rejected),
                Count(job.Id, ItemState.Open),
                costs.GetValueOrDefault(job.Id),
                ConstructionConfig.Parse(job.Config),
                job.CreatedBy,
                job.CreatedAt,
                job.StartedAt,
                job.FinishedAt
            )),
        ];
    }

    private ConstructionState StandingOf(ConstructionJob job) =>
        job.State switch
        {
            JobState.Queued => ConstructionState.Waiting,
            JobState.Running => work.IsWorkedOn(job.Id) ? ConstructionState.Running : ConstructionState.Interrupted,
            JobState.Paused => work.WorksOn(job.Id) ? ConstructionState.Pausing : ConstructionState.Paused,
            JobState.Completed => ConstructionState.Done,
            JobState.Cancelled => ConstructionState.Cancelled,
            _ => ConstructionState.Failed,
        };

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1);
        public ConstructionInsight? Insight { get; set; }
        public long CountedAt { get; set; }
        public TimeSpan Fresh { get; set; }
    }
}
