using System.Collections.Concurrent;
using System.Diagnostics;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Construction;

/// <summary>The constructions in figures. Pages share them, and counting is given a twentieth of the time at most, however large one is.</summary>
public sealed class ConstructionBoard : IDisposable
{
    private const int CountingShare = 20;
    private const long All = 0; // no construction has this number
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(700);
    private readonly ConcurrentDictionary<long, Kept<ConstructionInsight>> _insights = new();
    private readonly ConcurrentDictionary<long, Kept<IReadOnlyDictionary<long, Counts>>> _counts = new();
    private readonly StoreFactory _store;
    private readonly ConstructionService _work;
    private readonly TimeProvider _clock;

    public ConstructionBoard(StoreFactory store, ConstructionService work, TimeProvider clock)
    {
        (_store, _work, _clock) = (store, work, clock);
        _work.Changed += Forget;
    }

    /// <summary>All constructions, newest first.</summary>
    public Task<IReadOnlyList<ConstructionSummary>> List(CancellationToken stop) => Summaries(id: null, stop);

    /// <summary>A construction; null where there is none of that number. Its state is that of now, its counts are some seconds old at most.</summary>
    public async Task<ConstructionSummary?> Find(long id, CancellationToken stop) =>
        (await Summaries(id, stop)).SingleOrDefault();

    /// <summary>All figures of a construction, some seconds old at most.</summary>
    /// <exception cref="ConstructionException">There is none of that number.</exception>
    public Task<ConstructionInsight> Insight(long id, CancellationToken stop) =>
        _insights
            .GetOrAdd(
                id,
                _ =>
                    new(async () =>
                    {
                        var report = await ConstructionReport.Of(_store, id, _clock, CancellationToken.None);
                        var course = await ConstructionCourse.Of(
                            _store,
                            report.Progress,
                            _clock,
                            CancellationToken.None
                        );
                        return new ConstructionInsight(report, course);
                    })
            )
            .Get(stop);

    public void Dispose() => _work.Changed -= Forget;

    /// <summary>What begins or ends is counted anew, however long counting took.</summary>
    private void Forget(object? sender, EventArgs nothing)
    {
        _insights.Clear();
        _counts.Clear();
    }

    private async Task<IReadOnlyList<ConstructionSummary>> Summaries(long? id, CancellationToken stop)
    {
        await using var context = _store.CreateDbContext();
        var jobs = await context
            .Jobs.AsNoTracking()
            .Include(job => job.Dataset)
            .Where(job => id == null || job.Id == id)
            .OrderByDescending(job => job.Id)
            .ToListAsync(stop);
        var counts = await _counts.GetOrAdd(id ?? All, _ => new(() => Count(id))).Get(stop);
        return
        [
            .. jobs.Select(job =>
            {
                var count = counts.GetValueOrDefault(job.Id, new Counts(0, 0, 0, 0));
                return new ConstructionSummary(
                    job.Id,
                    job.Name,
                    job.DatasetId,
                    job.Dataset!.Name,
                    StandingOf(job),
                    job.Failure,
                    job.IsTrial,
                    count.Accepted,
                    count.Rejected,
                    count.Open,
                    count.Cost,
                    ConstructionConfig.Parse(job.Config),
                    job.CreatedBy,
                    job.CreatedAt,
                    job.StartedAt,
                    job.FinishedAt
                );
            }),
        ];
    }

    private async Task<IReadOnlyDictionary<long, Counts>> Count(long? id)
    {
        await using var context = _store.CreateDbContext();
        var items = await context
            .Items.Where(item => id == null || item.JobId == id)
            .GroupBy(item => new { item.JobId, item.State })
            .Select(items => new
            {
                items.Key.JobId,
                items.Key.State,
                Count = items.Count(),
            })
            .ToListAsync();
        var costs = await context
            .Calls.Where(call => call.JobId != null && (id == null || call.JobId == id))
            .GroupBy(call => call.JobId!.Value)
            .ToDictionaryAsync(calls => calls.Key, calls => calls.Sum(call => call.Cost));
        return items
            .GroupBy(item => item.JobId)
            .ToDictionary(
                job => job.Key,
                job =>
                {
                    int Of(ItemState state) => job.Where(item => item.State == state).Sum(item => item.Count);
                    return new Counts(
                        Of(ItemState.Accepted),
                        Of(ItemState.Rejected),
                        Of(ItemState.Open),
                        costs.GetValueOrDefault(job.Key)
                    );
                }
            );
    }

    private ConstructionState StandingOf(ConstructionJob job) =>
        job.State switch
        {
            JobState.Queued => ConstructionState.Waiting,
            JobState.Running => _work.IsWorkedOn(job.Id) ? ConstructionState.Running : ConstructionState.Interrupted,
            JobState.Paused => _work.WorksOn(job.Id) ? ConstructionState.Pausing : ConstructionState.Paused,
            JobState.Completed => ConstructionState.Done,
            JobState.Cancelled => ConstructionState.Cancelled,
            _ => ConstructionState.Failed,
        };

    private sealed record Counts(int Accepted, int Rejected, int Open, double Cost);

    /// <summary>Something that is counted once for all who ask meanwhile.</summary>
    private sealed class Kept<T>(Func<Task<T>> count)
    {
        private readonly Lock _lock = new();
        private Task<T>? _counting;
        private long _countedAt;
        private TimeSpan _fresh;

        public Task<T> Get(CancellationToken stop)
        {
            lock (_lock)
            {
                var isOld = Stopwatch.GetElapsedTime(_countedAt) >= _fresh;
                if (_counting is null || _counting.IsFaulted || (_counting.IsCompleted && isOld))
                    _counting = Task.Run(Count, CancellationToken.None);
                return _counting.WaitAsync(stop);
            }
        }

        private async Task<T> Count()
        {
            var begun = Stopwatch.GetTimestamp();
            var value = await count();
            var share = CountingShare * Stopwatch.GetElapsedTime(begun);
            lock (_lock)
                (_countedAt, _fresh) = (Stopwatch.GetTimestamp(), share > Least ? share : Least);
            return value;
        }
    }
}
