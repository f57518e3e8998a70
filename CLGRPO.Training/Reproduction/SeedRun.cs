using CLGRPO.Data.Runs;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Sft;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Reproduction;

/// <summary>A stage of one seed's run, trained and evaluated.</summary>
/// <param name="Evaluation">Its answers about the held-out images.</param>
/// <param name="ValidationAccuracy">Of the checkpoint it hands on; null where it was not validated.</param>
/// <param name="TrainSeconds">Without its parents.</param>
/// <param name="Steps">The metrics of each step.</param>
internal sealed record SeedStage(
    StageEvaluation Evaluation,
    double? ValidationAccuracy,
    double TrainSeconds,
    IReadOnlyList<IReadOnlyDictionary<string, double>> Steps
)
{
    public string Name => Evaluation.Stage;
}

/// <summary>What one seed's run left behind.</summary>
/// <param name="Seed">The recipe's.</param>
/// <param name="Stages">Those that are evaluated, in the recipe's order.</param>
internal sealed record SeedRun(int Seed, IReadOnlyList<SeedStage> Stages)
{
    /// <summary>Stages called so, and so with more behind it, are candidates for the baseline.</summary>
    public const string BaselineName = EvaluationReport.BaselineName;

    /// <summary>Candidates for the baseline.</summary>
    public IEnumerable<SeedStage> Candidates => Stages.Where(stage => IsCandidate(stage.Name));

    /// <summary>
    /// The candidate that is best on validation, the earliest among equals: held-out images choose nothing. A candidate
    /// without validation comes last.
    /// </summary>
    public SeedStage? Baseline => Candidates.MaxBy(stage => stage.ValidationAccuracy ?? -1);

    public static bool IsCandidate(string name) => name.StartsWith(BaselineName, StringComparison.Ordinal);

    /// <summary>A stage by its name; <c>baseline</c> is the chosen candidate.</summary>
    public SeedStage? Find(string name) =>
        string.Equals(name, BaselineName, StringComparison.Ordinal) ? Baseline : Named(name);

    /// <summary>A stage by its name, candidates included.</summary>
    public SeedStage? Named(string name) =>
        Stages.FirstOrDefault(stage => string.Equals(stage.Name, name, StringComparison.Ordinal));

    /// <summary>Reads a run's recipe, evaluations and events.</summary>
    public static SeedRun Read(RunDirectory run)
    {
        var recipe = RecipeReader.ReadFile(run.RecipePath);
        var events = RunEvents.Read(run);
        var finished = new StageLedger(run).Finished;
        var steps = RunEvents
            .EffectiveSteps(events)
            .Where(item => item.Metrics is not null)
            .ToLookup(item => item.Stage ?? "", item => item.Metrics!, StringComparer.Ordinal);
        return new SeedRun(
            recipe.Seed,
            [
                .. recipe
                    .Stages.Where(stage => File.Exists(StageEvaluation.PathOf(run, stage.Name)))
                    .Select(stage => new SeedStage(
                        StageEvaluation.Read(StageEvaluation.PathOf(run, stage.Name)),
                        ValidationAccuracy(stage, events),
                        finished.TryGetValue(stage.Name, out var ended) ? ended.TrainSeconds : 0,
                        [.. steps[stage.Name]]
                    )),
            ]
        );
    }

    // A resumed stage validates the same steps again, with the same result.
    private static double? ValidationAccuracy(Stage stage, IReadOnlyList<RunEvent> events)
    {
        var validated = events
            .Where(item => string.Equals(item.Stage, stage.Name, StringComparison.Ordinal))
            .Where(item => item.Type == RunEventType.Evaluation && item.Metrics?.ContainsKey("eval_accuracy") == true)
            .Select(item => item.Metrics!["eval_accuracy"])
            .ToList();
        if (validated.Count == 0)
        {
            return null;
        }
        return stage.Sft?.Keep == KeepWeights.Best ? validated.Max() : validated[^1];
    }
}
