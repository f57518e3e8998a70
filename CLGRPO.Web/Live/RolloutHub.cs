using System.Runtime.CompilerServices;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace CLGRPO.Web.Live;

/// <summary>What a client of the hub is told.</summary>
public interface IRolloutClient
{
    /// <summary>A run's state, step or metrics changed.</summary>
    Task RunChanged(RunSummary run);

    /// <summary>Events were appended to a run that was joined.</summary>
    Task RunEvents(string run, IReadOnlyList<RunEvent> events);

    /// <summary>So many watch a run that was joined.</summary>
    Task Watching(string run, int count);
}

/// <summary>Shows runs as they happen, to pages and to scripts.</summary>
[Authorize(RunScopes.Read)]
public sealed class RolloutHub(TrainingService training, LiveRuns live, LiveAudience audience) : Hub<IRolloutClient>
{
    /// <summary>Be told of a run's changes and events from now on.</summary>
    /// <returns>The run as it is now.</returns>
    [Authorize(RunScopes.Read)]
    public async Task<RunSummary> Join(string run)
    {
        var summary = Known(run);
        await Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(summary.Id), Context.ConnectionAborted);
        return training.Find(summary.Id) ?? summary;
    }

    /// <summary>Be told of a run no more.</summary>
    [Authorize(RunScopes.Read)]
    public Task Leave(string run) =>
        Groups.RemoveFromGroupAsync(Context.ConnectionId, GroupOf(Known(run).Id), Context.ConnectionAborted);

    /// <summary>
    /// Streams what happens in a run: frames of docs/live.md in batches, a snapshot first, at most twenty batches a second. A
    /// client that does not keep up loses frames, gets a snapshot in their place, and holds up nobody.
    /// </summary>
    [Authorize(RunScopes.Read)]
    public IAsyncEnumerable<IReadOnlyList<LiveFrame>> Watch(string run, CancellationToken stop) =>
        WatchAsync(training.Directory(Known(run).Id)!, stop);

    // Counted for as long as it streams, however that ends.
    private async IAsyncEnumerable<IReadOnlyList<LiveFrame>> WatchAsync(
        RunDirectory run,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        await audience.Change(run.Id, 1);
        try
        {
            await foreach (var frames in live.WatchAsync(run, stop))
                yield return frames;
        }
        finally
        {
            await audience.Change(run.Id, -1);
        }
    }

    internal static string GroupOf(string run) => $"run:{run}";

    private RunSummary Known(string? run) =>
        (run is null ? null : training.Find(run)) ?? throw new HubException($"There is no run '{run}'.");
}
