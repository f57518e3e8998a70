using CLGRPO.Data.Runs;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Sft;
using static TorchSharp.torch;

namespace CLGRPO.Training.Stages;

/// <summary>What a stage is made of while it runs, as far as watching and saving it goes.</summary>
internal sealed record RunningStage(
    Stage Stage,
    int TotalSteps,
    int FirstRunStep,
    PretrainedModel Model,
    PreparedSplit Split,
    PolicyOptimizer Optimizer,
    IReadOnlyList<(string Name, Tensor Value)> Moments,
    Evaluator Validation,
    IReadOnlyList<IReward> Rewards,
    double SecondsBefore
);

/// <summary>
/// Watches a stage: writes its steps into the run's record, validates, saves checkpoints, and does what the run is asked
/// to (pause, stop, abort). Everything happens between two steps, when the policy is whole.
/// </summary>
internal sealed class StageMonitor(RunSession session, RunningStage running) : IStageMonitor
{
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private readonly double _secondsBefore = running.SecondsBefore;
    private readonly GrpoAlarms _alarms = new();
    private string StageName => running.Stage.Name;

    public StageProgress StepCompleted(
        StageProgress progress,
        int totalSteps,
        IReadOnlyDictionary<string, double> metrics
    )
    {
        session.Events.Append(RunEvent.StepDone(progress.Step, metrics, StageName));
        foreach (var alarm in running.Stage.Grpo is null ? [] : _alarms.After(metrics))
            Warn(alarm, progress.Step);
        session.Console.Step(StageName, progress.Step, totalSteps, metrics);
        progress = progress with
        {
            TrainSeconds = _secondsBefore + TimeProvider.System.GetElapsedTime(_started).TotalSeconds,
        };
        var last = progress.Step == totalSteps;
        if (running.Stage.Sft is { } sft && (last || IsDue(progress.Step, sft.ValidateEvery)))
            progress = Validate(progress, sft);
        if (last || IsDue(progress.Step, running.Stage.Sft?.CheckpointEvery ?? running.Stage.Grpo!.CheckpointEvery))
            Save(progress);
        return Obey(progress);
    }

    public void RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups) =>
        RolloutLog.Write(session.Lock, step, groups.Select(Line), StageName);

    /// <summary>Saves a checkpoint of where the stage is.</summary>
    public string Save(StageProgress progress)
    {
        var name = session.Checkpoints.Save(running.Model, running.Moments, State(progress));
        session.Events.Append(RunEvent.CheckpointSealed(progress.Step, $"checkpoints/{name}", StageName));
        session.Checkpoints.Prune(session.KeepCheckpoints, session.Pinned(progress.BestCheckpoint));
        return name;
    }

    private void Warn(string message, int step)
    {
        session.Events.Append(RunEvent.Warning(message, StageName, step));
        session.Console.Say($"{StageName}: warning after step {step}: {message}");
    }

    private StageProgress Validate(StageProgress progress, SftConfig sft)
    {
        var predictions = running.Validation.Evaluate(SamplingConfig.Greedy);
        var accuracy = predictions.Average(item => item.Prediction.IsRight ? 1.0 : 0.0);
        var format = predictions.Average(item => item.Prediction.WellFormed ? 1.0 : 0.0);
        session.Events.Append(
            RunEvent.Evaluated(
                progress.Step,
                new Dictionary<string, double>(StringComparer.Ordinal)
                {
                    ["eval_accuracy"] = accuracy,
                    ["eval_format"] = format,
                },
                stage: StageName
            )
        );
        session.Console.Validation(StageName, progress.Step, accuracy, format);
        if (sft.Keep != KeepWeights.Best || accuracy <= progress.BestScore)
            return progress;
        var best = progress with
        {
            BestScore = accuracy,
            BestCheckpoint = CheckpointStore.NameOf(running.FirstRunStep + progress.Step),
        };
        Save(best);
        return best;
    }

    private CheckpointState State(StageProgress progress) =>
        new()
        {
            Stage = StageName,
            Progress = progress,
            RunStep = running.FirstRunStep + progress.Step,
            OptimizerSteps = running.Optimizer.StepCount,
            RecipeHash = session.Recipe.ContentHash(),
            DatasetHash = session.Dataset.Hash,
        };

    /// <summary>Waits while the run is paused; stop and abort end it.</summary>
    private StageProgress Obey(StageProgress progress)
    {
        var command = RunControl.Read(session.Run);
        if (command == RunCommand.Pause)
        {
            Save(progress);
            session.Console.Say($"{StageName}: paused after step {progress.Step}; waiting for control.json to change");
            while (
                (command = RunControl.Read(session.Run)) == RunCommand.Pause && !session.Stop.IsCancellationRequested
            )
                session.Stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
        }
        if (command == RunCommand.Abort)
            throw new OperationCanceledException(
                $"{StageName}: aborted after step {progress.Step}; the last sealed checkpoint counts."
            );
        if (command == RunCommand.Stop)
            session.Stop.Cancel();
        return progress;
    }

    private static bool IsDue(int step, int every) => every > 0 && step % every == 0;

    private CLGRPO.Data.Runs.RolloutGroup Line(ScoredGroup group)
    {
        var sample = session.Dataset.Train[group.Group.Prompt.Sample];
        return new(
            sample.Id,
            sample.Image,
            session.Recipe.Prompt.For(running.Stage.Completion),
            sample.Label,
            running.Split.Samples[group.Group.Prompt.Sample].Tiles,
            [.. group.Texts.Select((text, i) => Line(group, text, i))]
        );
    }

    private RolloutCompletion Line(ScoredGroup group, string text, int i)
    {
        var completion = group.Group.Completions[i];
        var rewards = running
            .Rewards.Select((reward, k) => (reward.Name, Score: (double)group.Scores[(i * running.Rewards.Count) + k]))
            .ToDictionary(pair => pair.Name, pair => pair.Score, StringComparer.Ordinal);
        return new RolloutCompletion(
            text,
            rewards,
            group.Rewards[i],
            group.Advantages[i],
            completion.Ids.Length,
            !completion.Terminated
        );
    }
}
