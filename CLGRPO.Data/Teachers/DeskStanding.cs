namespace CLGRPO.Data.Teachers;

/// <summary>Whether a teacher can be asked.</summary>
public enum DeskState
{
    Answering,

    /// <summary>It said that it is asked too often.</summary>
    Limited,

    /// <summary>It failed so often that it is left alone between probes.</summary>
    Down,
}

/// <summary>How it stands with a teacher that is being asked.</summary>
/// <param name="Until">When a limited teacher may be asked again, or one that is down is probed; null for one that answers.</param>
/// <param name="InFlight">Requests on their way.</param>
/// <param name="Places">Requests that may be on their way at once.</param>
/// <param name="Spent">Cost of all its requests so far, in all constructions.</param>
public sealed record DeskStanding(
    string Teacher,
    DeskState State,
    DateTime? Until,
    int InFlight,
    int Places,
    double Spent
);
