using CLGRPO.Data.Runs;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Live;
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
    private readonly RunWarningWatch _warnings = new();
    private string StageName => running.Stage.Name;

    IRolloutObserver IStageMonitor.Observer => session.Live;

    /// <summary>The stage begins, or goes on after some steps.</summary>
    public void Begin(int stepsDone)
    {
        session.Live.StageBegan(
            new LiveStage(
                StageName,
                running.TotalSteps,
                running.Model.Tokenizer,
                Describe,
                [.. running.Rewards.Select(reward => reward.Name)]
            ),
            stepsDone
        );
        BeginStep(stepsDone + 1);
    }

    public StageProgress StepCompleted(
        StageProgress progress,
        int totalSteps,
        IReadOnlyDictionary<string, double> metrics
    )
    {
        session.Events.Append(RunEvent.StepDone(progress.Step, metrics, StageName));
        session.Live.StepDone(progress.Step, metrics);
        foreach (var warning in _warnings.After(progress.Step, metrics))
            Warn(warning, progress.Step);
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
        progress = Obey(progress);
        BeginStep(progress.Step + 1);
        return progress;
    }

    public void RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups)
    {
        session.Live.Scored(groups);
        RolloutLog.Write(session.Lock, step, groups.Select(Line), StageName);
    }

    /// <summary>Saves a checkpoint of where the stage is.</summary>
    public string Save(StageProgress progress)
    {
        WaitForSpace(progress);
        session.Live.PhaseBegan("save");
        var name = session.Checkpoints.Save(running.Model, running.Moments, State(progress));
        session.Events.Append(RunEvent.CheckpointSealed(progress.Step, $"checkpoints/{name}", StageName));
        session.Checkpoints.Prune(session.KeepCheckpoints, session.Pinned(progress.BestCheckpoint));
        return name;
    }

    public void FirstBatchFormed(FedBatch batch)
    {
        if (FirstBatch.Exists(session.Run, StageName))
            return;
        try
        {
            new FirstBatchRecord(session, running).Write(batch);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A batch that cannot be shown can be trained on.
            Warn(new(RunWarningKind.NotWatchable, $"The first batch cannot be shown: {e.Message}"), step: 0);
        }
    }

    private void Warn(RunWarning warning, int step)
    {
        session.Events.Append(RunEvent.Warned(warning, StageName, step));
        session.Live.Alarm(step, warning.Message);
        session.Console.Say($"{StageName}: warning after step {step}: {warning.Message}");
    }

    private StageProgress Validate(StageProgress progress, SftConfig sft)
    {
        session.Live.PhaseBegan("validate");
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
            session.Live.PhaseBegan("paused");
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

    /// <summary>A full disk pauses the run: it goes on once there is room, or ends when it is asked to.</summary>
    private void WaitForSpace(StageProgress progress)
    {
        var needed = CheckpointStore.ExpectedBytes(running.Model, running.Moments) + ((long)session.KeepFree << 20);
        long Free() => new DriveInfo(session.Run.CheckpointsPath).AvailableFreeSpace;
        if (Free() is var free && free >= needed)
            return;
        Warn(
            new(
                RunWarningKind.DiskFloor,
                $"Paused: a checkpoint needs {needed >> 20} MiB of free disk, {session.KeepFree} MiB of them to spare, and {free >> 20} MiB are free. The run goes on once there is room.",
                new Dictionary<string, double>(StringComparer.Ordinal) { [SystemSampler.DiskAvailable] = free / 1e6 }
            ),
            progress.Step
        );
        session.Live.PhaseBegan("paused");
        while (Free() < needed)
        {
            if (
                RunControl.Read(session.Run) is RunCommand.Stop or RunCommand.Abort
                || session.Stop.IsCancellationRequested
            )
                throw new OperationCanceledException(
                    $"{StageName}: ended after step {progress.Step} without saving, for want of disk space; the last sealed checkpoint counts."
                );
            session.Stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
        }
        session.Console.Say($"{StageName}: there is room on the disk again; going on");
    }

    private static bool IsDue(int step, int every) => every > 0 && step % every == 0;

    // A GRPO stage tells of its phases itself.
    private void BeginStep(int step)
    {
        if (running.Stage.Grpo is null && step <= running.TotalSteps)
            session.Live.PhaseBegan(step, "train");
    }

    private LiveSample Describe(int index)
    {
        var sample = session.Dataset.Train[index];
        return new LiveSample(
            sample.Id,
            sample.Image,
            session.Recipe.Prompt.For(running.Stage.Completion),
            sample.Label
        );
    }

    private CLGRPO.Data.Runs.RolloutGroup Line(ScoredGroup group)
    {
        var sample = Describe(group.Group.Prompt.Sample);
        return new(
            sample.Id,
            sample.Image,
            sample.Prompt,
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
