using System.Collections.Concurrent;
using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Live;

/// <summary>The runs that are watched.</summary>
public sealed class LiveRuns(TimeProvider clock, ILogger<LiveRuns> log)
{
    private readonly ConcurrentDictionary<string, LiveRun> _runs = new(StringComparer.Ordinal);

    /// <summary>What happens in a run, as it happens: a snapshot first, then frames in batches, at most twenty a second.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LiveFrame>> WatchAsync(
        RunDirectory run,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop
    )
    {
        using var viewer = _runs.GetOrAdd(run.Path, _ => new LiveRun(run, clock, log)).Join();
        while (true)
        {
            yield return await viewer.NextAsync(stop);
            await Task.Delay(TimeSpan.FromMilliseconds(50), clock, stop);
        }
    }
}
