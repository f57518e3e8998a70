using System.Collections.Concurrent;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>Where a stage of a run stands.</summary>
public enum RunStageState
{
    ToCome,

    /// <summary>It has begun.</summary>
    Begun,

    Done,
}

/// <summary>A stage of a run.</summary>
/// <param name="From">The stage it starts from, or <c>none</c>.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps it will have; null while that is not known.</param>
/// <param name="Checkpoint">What it handed on.</param>
/// <param name="TrainSeconds">What training took, once it is done.</param>
/// <param name="Accuracy">Of its newest evaluation, 0 to 1.</param>
public sealed record RunStage(
    string Name,
    StageKind Kind,
    string From,
    RunStageState State,
    int Step,
    int? Steps,
    string? Checkpoint,
    double? TrainSeconds,
    double? Accuracy
);

/// <summary>What a stage answered about one held-out picture.</summary>
/// <param name="Index">Its place in the split, from 0.</param>
/// <param name="Predicted">Null where the completion named no label.</param>
public sealed record RunAnswer(int Index, string Truth, string? Predicted, bool Right, string Completion);

/// <summary>What a run's stages came to.</summary>
public sealed class RunResults
{
    // Intervals are thousands of resamples: made once for what lies in the folder.
    private readonly ConcurrentDictionary<string, (DateTime Newest, int Count, EvaluationReport Report)> _reports = new(
        StringComparer.Ordinal
    );

    /// <exception cref="RecipeException">The run is of another build.</exception>
    public static IReadOnlyList<RunStage> Stages(RunDirectory run)
    {
        var events = RunEvents.Read(run);
        var finished = new StageLedger(run).Finished;
        var steps = RunEvents.EffectiveSteps(events).ToLookup(item => item.Stage, StringComparer.Ordinal);
        return [.. RecipeReader.ReadFile(run.RecipePath).Stages.Select(Describe)];

        RunStage Describe(Stage stage)
        {
            var begun = events.LastOrDefault(item => item.Type == RunEventType.Stage && item.Stage == stage.Name);
            var evaluation = events.LastOrDefault(item =>
                item.Type == RunEventType.Evaluation && item.Stage == stage.Name
            );
            var done = finished.GetValueOrDefault(stage.Name);
            return new RunStage(
                stage.Name,
                stage.Kind,
                stage.From,
                done is not null ? RunStageState.Done
                    : begun is not null ? RunStageState.Begun
                    : RunStageState.ToCome,
                steps[stage.Name].LastOrDefault()?.Step ?? 0,
                begun?.Steps,
                done?.Checkpoint,
                done?.TrainSeconds,
                evaluation is null ? null : TrackedRun.AccuracyOf(evaluation)
            );
        }
    }

    /// <summary>The paper's table; null while no stage is evaluated.</summary>
    public EvaluationReport? Report(RunDirectory run)
    {
        var files = new DirectoryInfo(run.EvaluationsPath).GetFiles("*.json");
        if (files.Length == 0)
            return null;
        var newest = files.Max(file => file.LastWriteTimeUtc);
        if (_reports.TryGetValue(run.Path, out var known) && (known.Newest, known.Count) == (newest, files.Length))
            return known.Report;
        var report = RunReport.Of(run);
        _reports[run.Path] = (newest, files.Length, report);
        return report;
    }

    /// <summary>Answer by answer; null where the stage is not evaluated.</summary>
    /// <param name="stage">One of the recipe's: it is made into a path.</param>
    public static IReadOnlyList<RunAnswer>? Answers(RunDirectory run, string stage, bool sampled)
    {
        var path = StageEvaluation.PathOf(run, stage);
        if (!File.Exists(path))
            return null;
        var evaluation = StageEvaluation.Read(path);
        var answers = sampled ? evaluation.Sampled : evaluation.Greedy;
        return
        [
            .. answers.Predictions.Select(
                (prediction, index) =>
                    new RunAnswer(
                        index,
                        evaluation.Labels[prediction.Truth],
                        evaluation.Labels.ElementAtOrDefault(prediction.Predicted),
                        prediction.IsRight,
                        answers.Completions[index]
                    )
            ),
        ];
    }
}
