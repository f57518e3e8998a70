using CLGRPO.Data.Cot;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>What a stage is at.</summary>
public enum StandingState
{
    Waiting,
    Current,
    Done,
}

/// <summary>What a stage has to reach for the next to make sense.</summary>
/// <param name="Text">With its figures, as far as they are known.</param>
/// <param name="Passed">Null before the stage was evaluated.</param>
public sealed record RunGate(string Text, bool? Passed);

/// <summary>A stage of a run.</summary>
/// <param name="From">The stage whose weights it begins with, <c>none</c>, or the path of a model.</param>
/// <param name="Steps">Steps it will have; 0 before it began.</param>
/// <param name="Seconds">Time of training; null before it is done.</param>
/// <param name="Checkpoint">What it hands on; null before it is done.</param>
/// <param name="Scores">Newest evaluations: metric → value.</param>
/// <param name="ResumedAt">After which steps it was gone on.</param>
/// <param name="Metrics">Names of what there are points of.</param>
public sealed record StageStanding(
    string Name,
    StageKind Kind,
    string From,
    StandingState State,
    int Step,
    int Steps,
    double? Seconds,
    string? Checkpoint,
    IReadOnlyDictionary<string, double> Scores,
    RunGate? Gate,
    IReadOnlyList<int> ResumedAt,
    IReadOnlyList<string> Metrics
)
{
    /// <summary>Share of right answers, of the held-out images where they were asked; 0 to 1.</summary>
    public double? Accuracy => Score("accuracy");

    public double? Score(string name) =>
        Scores.TryGetValue($"test_{name}", out var test) ? test
        : Scores.TryGetValue($"eval_{name}", out var validation) ? validation
        : null;
}

/// <summary>Puts recipe, ledger and events of a run together to its stages.</summary>
internal static class RunStages
{
    // Below it, a stage that rewards the format finds nothing to reward; above it, format is no matter any more.
    private const double LearntFormat = 0.9;
    private const double SureFormat = 0.97;

    public static IReadOnlyList<StageStanding> Of(RunSummary run, Recipe recipe, StageLedger ledger, RunHistory history)
    {
        var stages = new List<StageStanding>();
        foreach (var stage in recipe.Stages)
        {
            var told = history.Find(stage.Name);
            var done = ledger.Finished.GetValueOrDefault(stage.Name);
            var state =
                done is not null ? StandingState.Done
                : stage.Name == run.Stage ? StandingState.Current
                : StandingState.Waiting;
            var scores = told?.Scores ?? new Dictionary<string, double>(StringComparer.Ordinal);
            var made = new StageStanding(
                stage.Name,
                stage.Kind,
                stage.From,
                state,
                told?.Step ?? 0,
                told?.Steps ?? 0,
                done?.TrainSeconds,
                done?.Checkpoint,
                scores,
                Gate: null,
                told?.ResumedAt.ToList() ?? [],
                told?.Now.Names.ToList() ?? []
            );
            stages.Add(made with { Gate = GateOf(stage, made, stages.Find(other => other.Name == stage.From)) });
        }
        return stages;
    }

    private static RunGate? GateOf(Stage stage, StageStanding made, StageStanding? parent)
    {
        var evaluated = made.Scores.ContainsKey("test_accuracy");
        if (stage.Completion != CompletionStyle.Cot)
            return null;
        if (stage.Grpo is null)
            return Least("format", evaluated ? made.Score("format") : null, LearntFormat);
        if (stage.Grpo.Rewards.All(reward => reward.Name == "format"))
            return Least("format", evaluated ? made.Score("format") : null, SureFormat);
        if (parent is null)
            return null;
        return evaluated && made.Accuracy - parent.Accuracy is { } gain
            ? new RunGate($"accuracy {RunWords.Gain(gain)} ≥ 0.0", gain >= 0)
            : new RunGate($"accuracy above {parent.Name}", null);
    }

    private static RunGate Least(string what, double? value, double least) =>
        value is { } reached
            ? new RunGate($"{what} {RunWords.Fixed(reached)} ≥ {RunWords.Fixed(least)}", reached >= least)
            : new RunGate($"{what} at least {RunWords.Fixed(least)}", null);
}
