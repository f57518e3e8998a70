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

/// <summary>A stage's goal and what became of it.</summary>
/// <param name="Text">With its figures, as far as they are known.</param>
/// <param name="IsReached">Null before the stage was evaluated.</param>
public sealed record StageGoalState(string Text, bool? IsReached);

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
    StageGoalState? Goal,
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
                Goal: null,
                told?.ResumedAt.ToList() ?? [],
                told?.Now.Names.ToList() ?? []
            );
            stages.Add(made with { Goal = GoalOf(stage, made, stages.Find(other => other.Name == stage.From)) });
        }
        return stages;
    }

    private static StageGoalState? GoalOf(Stage stage, StageStanding made, StageStanding? parent)
    {
        if (StageGoal.Of(stage) is not { } goal)
            return null;
        var value = made.Scores.ContainsKey("test_accuracy") ? made.Score(goal.Metric) : null;
        if (goal.AtLeast is { } least)
            return value is { } reached
                ? new($"{goal.Metric} {RunWords.Fixed(reached)}, goal {RunWords.Fixed(least)}", reached >= least)
                : new($"goal: {goal.Metric} at least {RunWords.Fixed(least)}", null);
        if (parent is null)
            return null;
        return value - parent.Score(goal.Metric) is { } gain
            ? new($"{goal.Metric} {RunWords.Gain(gain)}, goal 0.0 or more", gain >= 0)
            : new($"goal: {goal.Metric} of {parent.Name} or more", null);
    }
}
