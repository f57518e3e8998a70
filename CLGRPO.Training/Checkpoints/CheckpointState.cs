using System.Text.Json;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Where a run stands: with the weights and moments beside it, all that resuming needs.</summary>
public sealed record CheckpointState
{
    /// <summary>Stage in training.</summary>
    public required string Stage { get; init; }

    /// <summary>How far that stage is.</summary>
    public required StageProgress Progress { get; init; }

    /// <summary>Steps of the run up to here, all stages together; it names the checkpoint.</summary>
    public required int RunStep { get; init; }

    /// <summary>Optimizer steps of the stage.</summary>
    public required long OptimizerSteps { get; init; }

    /// <summary>Hash of the recipe it was trained under.</summary>
    public required string RecipeHash { get; init; }

    /// <summary>Hash of the data set it was trained on.</summary>
    public required string DatasetHash { get; init; }

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static CheckpointState Parse(string json) =>
        JsonSerializer.Deserialize<CheckpointState>(json, Json)
        ?? throw new JsonException("A checkpoint state is an object, not null.");
}
