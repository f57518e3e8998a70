using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>A run to be queued.</summary>
public sealed record CreateRun
{
    /// <summary>The recipe, YAML.</summary>
    [Required, StringLength(256 * 1024, MinimumLength = 1)]
    public required string Recipe { get; init; }

    /// <summary>Higher ones are first; 0 is ordinary.</summary>
    [Range(-100, 100)]
    public int Priority { get; init; }

    [StringLength(4000)]
    public string? Note { get; init; }

    [MaxLength(RunCard.MostTags)]
    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <summary>What to change about a run; what is left out stays.</summary>
public sealed record ChangeRun
{
    [Range(-100, 100)]
    public int? Priority { get; init; }

    [StringLength(4000)]
    public string? Note { get; init; }

    [MaxLength(RunCard.MostTags)]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Puts a run away that has ended, or brings it back; one that is put away may be deleted.</summary>
    public bool? Archived { get; init; }
}

/// <summary>What a run is asked to do.</summary>
public enum RunAction
{
    /// <summary>Finish the step, save, wait.</summary>
    Pause,

    /// <summary>Go on: at once when paused, through the queue when ended.</summary>
    Resume,

    /// <summary>Finish the step, save, end.</summary>
    Stop,

    /// <summary>End without saving; asked twice, at once.</summary>
    Abort,
}

/// <summary>Something to ask of a run.</summary>
public sealed record ControlRun
{
    [Required]
    public required RunAction Action { get; init; }

    /// <summary>With <c>resume</c>, of a run that has ended: the checkpoint to go on from. Later ones and the evaluations of later stages are deleted.</summary>
    /// <example>null</example>
    [StringLength(100)]
    public string? Checkpoint { get; init; }
}

/// <summary>A part of a longer list.</summary>
/// <param name="Total">How many there are in all.</param>
/// <param name="Offset">How many come before these.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total, int Offset);

/// <summary>Events from a number on.</summary>
/// <param name="Next">Ask with <c>after</c> = this for what comes later.</param>
public sealed record RunEventPage(IReadOnlyList<RunEvent> Events, long Next);

/// <summary>The end of a log.</summary>
public sealed record RunLog(IReadOnlyList<string> Lines);

/// <summary>Whether a checkpoint is kept whatever comes.</summary>
public sealed record PinCheckpoint
{
    [Required]
    public required bool Pinned { get; init; }
}
