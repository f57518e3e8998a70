using System.Text.Json;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Evaluation;

/// <summary>What a stage's checkpoint answered about every held-out image: <c>evaluations/&lt;stage&gt;.json</c>.</summary>
public sealed record StageEvaluation(
    string Stage,
    string Dataset,
    IReadOnlyList<string> Labels,
    Answers Greedy,
    Answers Sampled
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static string PathOf(RunDirectory run, string stage) => Path.Combine(run.EvaluationsPath, stage + ".json");

    /// <summary>Asks greedily and at temperature 1.</summary>
    public static StageEvaluation Of(string stage, DatasetVersion dataset, Evaluator evaluator, long seed) =>
        new(
            stage,
            dataset.Name,
            dataset.Info.Labels,
            Answers.Of(evaluator.Evaluate(SamplingConfig.Greedy)),
            Answers.Of(evaluator.Evaluate(new SamplingConfig { Seed = seed }))
        );

    public void Save(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json));

    public static StageEvaluation Read(string path) =>
        JsonSerializer.Deserialize<StageEvaluation>(File.ReadAllText(path), Json)
        ?? throw new JsonException($"{path} holds null.");
}

/// <summary>Answers to the images of a split, in its order.</summary>
public sealed record Answers(IReadOnlyList<Prediction> Predictions, IReadOnlyList<string> Completions)
{
    public static Answers Of(IReadOnlyList<ImageAnswer> answered) =>
        new([.. answered.Select(item => item.Prediction)], [.. answered.Select(item => item.Completion)]);

    public EvaluationScores Scores(IReadOnlyList<string> labels, Answers? baseline = null) =>
        EvaluationScores.From(Predictions, labels, baseline?.Predictions);
}
