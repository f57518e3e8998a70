using System.Collections.Concurrent;
using System.Diagnostics;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Construction;

/// <summary>
/// The constructions in figures. Pages share them, and counting anew is given a tenth of the time; only where that would leave them too old,
/// as after the first look at a large construction, it is given more.
/// </summary>
public sealed class ConstructionBoard : IDisposable
{
    private const int CountingShare = 10;
    private const int MostTallies = 8;
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<long, Kept<ConstructionInsight>> _insights = new();
    private Kept<IReadOnlyDictionary<long, Counts>> _counts;
    private readonly Lock _tallying = new();
    private readonly List<(long Id, ConstructionTally Tally)> _tallies = []; // looked at last: last
    private readonly StoreFactory _store;
    private readonly ConstructionService _work;
    private readonly TimeProvider _clock;

    public ConstructionBoard(StoreFactory store, ConstructionService work, TimeProvider clock)
    {
        (_store, _work, _clock) = (store, work, clock);
        _counts = new(CountAll);
        _work.Changed += Forget;
    }

    /// <summary>All constructions, newest first.</summary>
    public async Task<IReadOnlyList<ConstructionSummary>> List(CancellationToken stop)
    {
        var jobs = await Jobs(id: null, stop);
        var counts = await Volatile.Read(ref _counts).Get(stop);
        return [.. jobs.Select(job => Summarize(job, counts.GetValueOrDefault(job.Id, new Counts(0, 0, 0, 0))))];
    }

    /// <summary>A construction; null where there is none of that number. Its state is that of now, its counts are some seconds old at most.</summary>
    public async Task<ConstructionSummary?> Find(long id, CancellationToken stop)
    {
        if ((await Jobs(id, stop)).SingleOrDefault() is not { } job)
            return null;
        var progress = (await Insight(id, stop)).Report.Progress;
        return Summarize(job, new Counts(progress.Accepted, progress.Rejected, progress.Open, progress.Cost));
    }

    /// <summary>All figures of a construction, some seconds old at most.</summary>
    /// <exception cref="ConstructionException">There is none of that number.</exception>
    public Task<ConstructionInsight> Insight(long id, CancellationToken stop) =>
        _insights
            .GetOrAdd(
                id,
                _ =>
                    new(async () =>
                    {
                        var (report, course) = await Tally(id).Count(CancellationToken.None);
                        return new ConstructionInsight(report, course);
                    })
            )
            .Get(stop);

    public void Dispose() => _work.Changed -= Forget;

    /// <summary>What was counted so far of the constructions that are looked at; the others are counted anew when somebody comes.</summary>
    private ConstructionTally Tally(long id)
    {
        lock (_tallying)
        {
            var known = _tallies.FindIndex(one => one.Id == id);
            var tally = known >= 0 ? _tallies[known].Tally : new ConstructionTally(_store, id, _clock);
            if (known >= 0 || _tallies.Count == MostTallies)
                _tallies.RemoveAt(Math.Max(known, 0));
            _tallies.Add((id, tally));
            return tally;
        }
    }

    /// <summary>What begins or ends is counted anew, however long counting took.</summary>
    private void Forget(object? sender, EventArgs nothing)
    {
        _insights.Clear();
        Volatile.Write(ref _counts, new(CountAll));
    }

    private async Task<List<ConstructionJob>> Jobs(long? id, CancellationToken stop)
    {
        await using var context = _store.CreateDbContext();
        return await context
            .Jobs.AsNoTracking()
            .Include(job => job.Dataset)
            .Where(job => id == null || job.Id == id)
            .OrderByDescending(job => job.Id)
            .ToListAsync(stop);
    }

    private ConstructionSummary Summarize(ConstructionJob job, Counts count) =>
        new(
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

    private async Task<IReadOnlyDictionary<long, Counts>> CountAll()
    {
        await using var context = _store.CreateDbContext();
        var items = await context
            .Items.GroupBy(item => new { item.JobId, item.State })
            .Select(items => new
            {
                items.Key.JobId,
                items.Key.State,
                Count = items.Count(),
            })
            .ToListAsync();
        var costs = await context
            .Calls.Where(call => call.JobId != null)
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
            var fresh = CountingShare * Stopwatch.GetElapsedTime(begun);
            lock (_lock)
            {
                _countedAt = Stopwatch.GetTimestamp();
                _fresh =
                    fresh < Least ? Least
                    : fresh > Most ? Most
                    : fresh;
            }
            return value;
        }
    }
}
