using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Planning;

/// <summary>What a recipe would do on a machine: the result of a dry run, for people and for pages.</summary>
public sealed record RunPlan
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public required string Recipe { get; init; }

    /// <summary>The data set's name and hash.</summary>
    public required string Dataset { get; init; }
    public required Precision Precision { get; init; }
    public required int Workers { get; init; }

    /// <summary>What is there.</summary>
    public required MachineMemory Machine { get; init; }
    public required IReadOnlyList<StagePlan> Stages { get; init; }

    /// <summary>Whether every stage can be trained.</summary>
    public bool Fits => Stages.All(stage => stage.Shortfalls.Count == 0);

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>What one stage would do.</summary>
public sealed record StagePlan
{
    public required string Name { get; init; }
    public required StageKind Kind { get; init; }
    public required ModelConfig Model { get; init; }
    public required IReadOnlyList<PartPlan> Parts { get; init; }
    public required TokenBudget Tokens { get; init; }
    public required MemoryEstimate Memory { get; init; }

    /// <summary>What does not fit; empty when all does.</summary>
    public required IReadOnlyList<Shortfall> Shortfalls { get; init; }
}

/// <summary>Memory that is missing.</summary>
/// <param name="Place">Where.</param>
/// <param name="NeededBytes">By the estimate.</param>
/// <param name="AvailableBytes">There is.</param>
/// <param name="Remedies">Single settings that save memory there, those that suffice first.</param>
/// <param name="Together">Settings that suffice when all are changed; null when a single one does, or nothing does.</param>
public sealed record Shortfall(
    MemoryPlace Place,
    long NeededBytes,
    long AvailableBytes,
    IReadOnlyList<Remedy> Remedies,
    IReadOnlyList<Remedy>? Together
);

/// <summary>A setting to change.</summary>
/// <param name="Setting">As it is called in a recipe, or on the command line.</param>
/// <param name="From">Its value.</param>
/// <param name="To">The value that saves memory.</param>
/// <param name="SavedBytes">By the estimate.</param>
/// <param name="Suffices">Nothing else needs to change.</param>
public sealed record Remedy(string Setting, string From, string To, long SavedBytes, bool Suffices);
