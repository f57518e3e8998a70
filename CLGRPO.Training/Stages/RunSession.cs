using CLGRPO.Data.Datasets;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Cli;

namespace CLGRPO.Training.Stages;

/// <summary>A run that this process may write: its folder, record, checkpoints, and the wish to stop.</summary>
internal sealed class RunSession : IDisposable
{
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

    /// <summary>Whole checkpoints that stay besides the pinned ones.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Checkpoints that are never deleted: what finished stages hand on, and the best of the running one.</summary>
    public IReadOnlySet<string> Pinned(string? best) =>
        Ledger
            .Finished.Values.Select(stage => stage.Checkpoint)
            .Append(best)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);

    public void Dispose()
    {
        Events.Dispose();
        Lock.Dispose();
    }
}
