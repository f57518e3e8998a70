using CLGRPO.Data.Runs;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Stages;

/// <summary>The paper's table from what a run left behind.</summary>
public static class RunReport
{
    /// <exception cref="ArgumentException">No stage of the run is evaluated yet.</exception>
    public static EvaluationReport Of(RunDirectory run)
    {
        var recipe = RecipeReader.ReadFile(run.RecipePath);
        var ledger = new StageLedger(run);
        var evaluations = recipe
            .Stages.Select(stage => StageEvaluation.PathOf(run, stage.Name))
            .Where(File.Exists)
            .Select(StageEvaluation.Read)
            .ToList();
        if (evaluations.Count == 0)
            throw new ArgumentException(
                $"No stage of {run.Path} is evaluated yet; `clgrpo train --run {run.Path}` goes on with it."
            );
        var baseline = evaluations.Find(evaluation => evaluation.Stage == EvaluationReport.BaselineName);
        return new EvaluationReport
        {
            Dataset = evaluations[0].Dataset,
            HeldOut = evaluations[0].Greedy.Predictions.Count,
            Seconds = Seconds(RunEvents.Read(run)),
            Rows =
            [
                .. evaluations.Select(evaluation =>
                    Row(
                        evaluation,
                        evaluation == baseline ? null : baseline,
                        ledger.Finished[evaluation.Stage].TrainSeconds
                    )
                ),
            ],
        };
    }

    private static EvaluationRow Row(StageEvaluation evaluation, StageEvaluation? baseline, double seconds) =>
        new()
        {
            Name = evaluation.Stage,
            Greedy = evaluation.Greedy.Scores(evaluation.Labels, baseline?.Greedy),
            Sampled = evaluation.Sampled.Scores(evaluation.Labels, baseline?.Sampled),
            TrainSeconds = seconds,
        };

    /// <summary>From each start of the process to its last sign, added up: pauses between do not count.</summary>
    private static double Seconds(IReadOnlyList<RunEvent> events)
    {
        var total = TimeSpan.Zero;
        for (var i = 1; i < events.Count; i++)
        {
            if (events[i].Type != RunEventType.RunStarted)
                total += events[i].Time - events[i - 1].Time;
        }
        return total.TotalSeconds;
    }
}
