using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Benchmarks;

/// <summary>
/// What both sides do: the batches, written for the peer as JSON beside one safetensors file (see peers/README.md).
/// </summary>
internal sealed record Workload(
    string Model,
    string Tensors,
    int Threads,
    int Seed,
    RolloutWork Rollouts,
    SftWork Sft,
    GrpoWork Grpo
)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>Where the peer computes.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The type that the peer's autocast multiplies in, over float32 weights; null for none.</summary>
    public string? Autocast { get; init; }

    /// <summary>The tensors that the specification names; float32, row-major. Not part of the JSON.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, FloatTensor> Values { get; init; } =
        new Dictionary<string, FloatTensor>(StringComparer.Ordinal);

    /// <summary>Writes the specification and the tensors into <paramref name="folder"/>, beside the model.</summary>
    /// <returns>The specification's path.</returns>
    public string Write(string folder)
    {
        SafetensorsWriter.Write(
            Path.Combine(folder, Tensors),
            Values.Select(pair => pair.Value.Source(pair.Key)).ToList()
        );
        var path = Path.Combine(folder, "workload.json");
        File.WriteAllText(path, JsonSerializer.Serialize(this, Format));
        return path;
    }
}

/// <param name="Prompts">One per group; token ids.</param>
/// <param name="GroupSize">Completions for each prompt.</param>
/// <param name="NewTokens">Tokens in each completion: no stop token ends one, so that the work is the same on both sides.</param>
/// <param name="Banned">Ids that are never sampled.</param>
internal sealed record RolloutWork(int[][] Prompts, int GroupSize, string PixelValues, int NewTokens, int[] Banned)
{
    [JsonIgnore]
    public int Tokens => Prompts.Length * GroupSize * NewTokens;
}

/// <param name="Labels">As the input ids; −100 where a token is not learned.</param>
internal sealed record SftWork(
    int[][] InputIds,
    int[][] Labels,
    string PixelValues,
    bool TrainVision,
    double Lr,
    double[] Betas,
    double WeightDecay,
    double MaxGradNorm
);

/// <param name="Completions">GroupSize rows for each prompt, in the prompts' order.</param>
/// <param name="OldLogps">Names a tensor [rows, longest completion], as <paramref name="RefLogps"/>.</param>
/// <param name="Advantages">Names a tensor [rows].</param>
internal sealed record GrpoWork(
    int[][] Prompts,
    int GroupSize,
    int[][] Completions,
    string PixelValues,
    bool TrainVision,
    string OldLogps,
    string RefLogps,
    string Advantages,
    double Temperature,
    int MiniBatches,
    int Iterations,
    int? MicroBatchRows,
    string LossType,
    int MaxCompletionLength,
    double EpsilonLow,
    double EpsilonHigh,
    double Beta,
    double Lr,
    double[] Betas,
    double WeightDecay,
    double MaxGradNorm
)
{
    [JsonIgnore]
    public int OptimizerSteps => MiniBatches * Iterations;
}

internal sealed record FloatTensor(long[] Shape, float[] Data)
{
    public TensorSource Source(string name) =>
        TensorSource.FromBytes(
            name,
            SafetensorsDtype.F32,
            Shape,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(Data).ToArray()
        );
}
