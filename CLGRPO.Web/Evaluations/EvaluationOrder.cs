using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;

namespace CLGRPO.Web.Evaluations;

/// <summary>Checkpoints that are to be asked about the same images, as it was ordered: <c>order.json</c> in the evaluation's folder.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Dataset">The data set version: <c>name@hash</c>, the hash whole.</param>
/// <param name="Split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
/// <param name="Images">How many images, from the split's first on.</param>
/// <param name="Temperature">0 = greedy.</param>
/// <param name="Seed">Of sampling.</param>
/// <param name="Checkpoints">In the order of the table.</param>
/// <param name="By">Who ordered it.</param>
public sealed record EvaluationOrder(
    string Name,
    string Dataset,
    string Split,
    int Images,
    double Temperature,
    long Seed,
    IReadOnlyList<OrderedCheckpoint> Checkpoints,
    string By,
    DateTimeOffset CreatedAt
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    public void Write(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json));

    /// <exception cref="JsonException">It is no order.</exception>
    public static EvaluationOrder Read(string path) =>
        JsonSerializer.Deserialize<EvaluationOrder>(File.ReadAllText(path), Json)
        ?? throw new JsonException($"{path} holds null.");
}

/// <summary>A checkpoint of an <see cref="EvaluationOrder"/>.</summary>
/// <param name="Model">Its name among the site's models: <c>run/checkpoint</c> or <c>models/folder</c>.</param>
/// <param name="Name">Its row in the table, unique there: the stage that made it, with the run where there are several.</param>
/// <param name="Note">What else tells it apart, quietly.</param>
/// <param name="Ablation">It stands in the table's second group: the method with one thing changed.</param>
/// <param name="Training">How its stage was trained, in a few words; null where no run says.</param>
public sealed record OrderedCheckpoint(
    string Model,
    string Name,
    string? Note = null,
    bool Ablation = false,
    string? Training = null
);
