using System.Net.Sockets;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Cli;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Live;

namespace CLGRPO.Training.Stages;

/// <summary>A run that this process may write: its folder, record, checkpoints, and the wish to stop.</summary>
internal sealed class RunSession : IDisposable
{
    private readonly LiveBroadcast? _broadcast;
    private readonly SystemWatch? _system;

    public RunSession(
        RunDirectory run,
        Recipe recipe,
        DatasetVersion dataset,
        RunConsole console,
        CancellationTokenSource stop
    )
    {
        (Run, Recipe, Dataset, Console, Stop) = (run, recipe, dataset, console, stop);
        Lock = run.Lock();
        Events = RunEvents.Open(Lock);
        Checkpoints = new CheckpointStore(run.CheckpointsPath);
        Checkpoints.RemoveUnfinished();
        Ledger = new StageLedger(run);
        _broadcast = Watchable("live", run.LiveSocketPath, () => new LiveBroadcast(Run, Live, TimeProvider.System));
        _system = Watchable(
            "by its machine's figures",
            run.SystemPath,
            () => new SystemWatch(Lock, TimeProvider.System)
        );
    }

    public RunDirectory Run { get; }
    public Recipe Recipe { get; }
    public DatasetVersion Dataset { get; }
    public RunConsole Console { get; }
    public CancellationTokenSource Stop { get; }
    public RunLock Lock { get; }
    public RunEvents Events { get; }
    public CheckpointStore Checkpoints { get; }
    public StageLedger Ledger { get; }

    /// <summary>MiB that a checkpoint leaves free on the disk, where nothing else is said.</summary>
    public const int DefaultKeepFree = 256;

    /// <summary>MiB that a checkpoint leaves free on the disk.</summary>
    public int KeepFree { get; init; } = DefaultKeepFree;

    /// <summary>Where the run tells what happens while it happens.</summary>
    public LiveFeed Live { get; } = new(TimeProvider.System);

    /// <summary>Whole checkpoints that stay besides the pinned ones.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Checkpoints that are never deleted: what finished stages hand on, the best of the running one, and what a person pinned.</summary>
    public IReadOnlySet<string> Pinned(string? best) =>
        Ledger
            .Finished.Values.Select(stage => stage.Checkpoint)
            .Append(best)
            .Concat(RunPins.Read(Run))
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);

    // A run that cannot be watched can be trained.
    private T? Watchable<T>(string how, string path, Func<T> open)
        where T : class
    {
        try
        {
            return open();
        }
        catch (Exception e)
            when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            var warning = $"The run cannot be watched {how}: {path} cannot be made ({e.Message}).";
            Events.Append(RunEvent.Warned(new(RunWarningKind.NotWatchable, warning)));
            Console.Say($"warning: {warning}");
            return null;
        }
    }

    public void Dispose()
    {
        _broadcast?.Dispose();
        _system?.Dispose();
        Events.Dispose();
        Lock.Dispose();
    }
}
