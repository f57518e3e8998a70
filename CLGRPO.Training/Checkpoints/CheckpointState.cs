using System.Text.Json;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Checkpoints;

/// <summary>A stage that is done.</summary>
/// <param name="Checkpoint">Folder name of the checkpoint it ended with (the best one, where the stage keeps the best).</param>
/// <param name="ManifestHash">SHA-256 of that checkpoint's manifest; a stage that starts from it checks it.</param>
/// <param name="TrainSeconds">Seconds of training.</param>
public sealed record FinishedStage(string Checkpoint, string ManifestHash, double TrainSeconds);

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

    /// <summary>Stages done before this one, by name.</summary>
    public required IReadOnlyDictionary<string, FinishedStage> Finished { get; init; }

    /// <summary>Hash of the recipe it was trained under.</summary>
    public required string RecipeHash { get; init; }

    /// <summary>Hash of the data set it was trained on.</summary>
    public required string DatasetHash { get; init; }

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static CheckpointState Parse(string json) => JsonSerializer.Deserialize<CheckpointState>(json, Json) ?? throw new JsonException("A checkpoint state is an object, not null.");
}
