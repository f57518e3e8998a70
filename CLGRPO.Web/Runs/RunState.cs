namespace CLGRPO.Web.Runs;

/// <summary>What a run is at, as its folder says.</summary>
public enum RunState
{
    /// <summary>Waits for a slot.</summary>
    Queued,

    /// <summary>Its process was started and has not taken the run over yet.</summary>
    Starting,

    Running,

    /// <summary>Asked to pause; finishes its step first, or its first one where its process has only been started.</summary>
    Pausing,

    Paused,

    /// <summary>Asked to stop or abort; finishes its step first.</summary>
    Stopping,

    /// <summary>All stages are done.</summary>
    Completed,

    /// <summary>Ended because it was asked to; it can go on.</summary>
    Stopped,

    /// <summary>Ended without saving, because it was asked to.</summary>
    Aborted,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Its process is gone without a word: killed, out of memory, power lost.</summary>
    Crashed,
}

/// <summary>A run at a glance.</summary>
/// <param name="Id">Names it in addresses.</param>
/// <param name="Name">The recipe's name.</param>
/// <param name="Reason">Why it failed, crashed or is stuck; null else.</param>
/// <param name="IsStuck">Running, but its next step is overdue.</param>
/// <param name="Stage">The stage in hand.</param>
/// <param name="Step">Steps done in it.</param>
/// <param name="Steps">Steps it will have.</param>
/// <param name="Metrics">Of the newest step.</param>
/// <param name="StepSeconds">A step's usual time.</param>
/// <param name="Warnings">How many there were.</param>
/// <param name="Events">Number of the newest event: what a reader has to ask for what came after.</param>
/// <param name="Accuracy">Of the newest evaluation, 0 to 1.</param>
/// <param name="Archived">Put away: left out of lists, and may be deleted.</param>
/// <param name="FirstCheckpointSeconds">Until its first checkpoint, at its usual speed; 0 once there was one, null while nothing can be said.</param>
public sealed record RunSummary(
    string Id,
    string Name,
    string Dataset,
    RunState State,
    string? Reason,
    bool IsStuck,
    string? Stage,
    int Step,
    int Steps,
    IReadOnlyList<string> Stages,
    IReadOnlyDictionary<string, double> Metrics,
    double? StepSeconds,
    int Warnings,
    long Events,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ChangedAt,
    string? By,
    string? Note,
    IReadOnlyList<string> Tags,
    int Priority,
    double? Accuracy,
    bool Archived,
    double? FirstCheckpointSeconds
)
{
    /// <summary>Mean reward over the stage in hand, thinned out; empty where a stage has no reward.</summary>
    public IReadOnlyList<double> RewardCurve { get; init; } = [];
}
