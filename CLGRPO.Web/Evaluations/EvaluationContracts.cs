using System.ComponentModel.DataAnnotations;

namespace CLGRPO.Web.Evaluations;

/// <summary>Checkpoints to be asked about the same images.</summary>
public sealed record CreateEvaluation
{
    /// <summary>Most checkpoints in a table.</summary>
    public const int MostCheckpoints = 20;

    /// <summary>What to call it.</summary>
    /// <example>Main table</example>
    [Required, StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>A data set's name, with enough of a version's hash where there are several.</summary>
    /// <example>emoscenes</example>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Dataset { get; init; }

    /// <summary>train, val or test.</summary>
    /// <example>test</example>
    public string Split { get; init; } = "test";

    /// <summary>Only the first images; left out: all.</summary>
    [Range(1, int.MaxValue)]
    public int? Images { get; init; }

    /// <summary>0 takes the most likely token always.</summary>
    [Range(0.0, 10.0)]
    public double Temperature { get; init; }

    /// <summary>Of sampling.</summary>
    public long Seed { get; init; }

    /// <summary>In the order of the table; the one whose name is baseline, else the first, is what others are compared with.</summary>
    [Required, MinLength(1), MaxLength(MostCheckpoints)]
    public required IReadOnlyList<CheckpointToEvaluate> Checkpoints { get; init; }
}

/// <summary>A checkpoint to be asked.</summary>
public sealed record CheckpointToEvaluate
{
    /// <summary>Its name among the models: <c>run/checkpoint</c> or <c>models/folder</c>.</summary>
    /// <example>nano-demo-20261121-120000-1a2b/step-0000688</example>
    [Required, StringLength(300, MinimumLength = 1)]
    public required string Model { get; init; }

    /// <summary>Its row; left out: the stage that made it.</summary>
    [StringLength(100)]
    public string? Name { get; init; }

    /// <summary>
    /// Whether it is the method with one thing changed: such rows come after the others, as a group. Left out: what the stage's name says
    /// (control-…, without-…, sweep-…).
    /// </summary>
    public bool? Ablation { get; init; }
}
