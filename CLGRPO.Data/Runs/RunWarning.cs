namespace CLGRPO.Data.Runs;

/// <summary>What can be the matter with a run that goes on all the same.</summary>
public enum RunWarningKind
{
    /// <summary>Groups of equal rewards: their completions teach nothing.</summary>
    ZeroVariance,

    /// <summary>The clip stops no token, so its bounds change nothing.</summary>
    ClipInert,

    /// <summary>Completions are cut at the length limit.</summary>
    Truncation,

    /// <summary>The policy says nearly the same whatever is sampled.</summary>
    EntropyCollapse,

    /// <summary>A number is infinite or none at all, or the policy has run far from its reference.</summary>
    Divergence,

    /// <summary>A checkpoint waits for room on the disk.</summary>
    DiskFloor,

    /// <summary>The run has not reported for longer than its steps take; noticed from outside.</summary>
    Stuck,

    /// <summary>A checkpoint is not whole and was left out.</summary>
    DamagedCheckpoint,

    /// <summary>The record's last line was torn and was cut off.</summary>
    TornRecord,

    /// <summary>Something that is only for looking on cannot be had: the live socket, the first batch.</summary>
    NotWatchable,
}

/// <summary>Something about a run that a person should know.</summary>
/// <param name="Kind">What is the matter.</param>
/// <param name="Message">A sentence, with its figures.</param>
/// <param name="Evidence">The figures: metric → value; null where there are none.</param>
public sealed record RunWarning(
    RunWarningKind Kind,
    string Message,
    IReadOnlyDictionary<string, double>? Evidence = null
);
