using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Sft;
using static TorchSharp.torch;

namespace CLGRPO.Training.Stages;

/// <summary>
/// Runs a recipe's stages one after the other, each from its parent's checkpoint, and evaluates what each hands on. A run
/// that was cut off goes on from its last sealed checkpoint and ends with the same weights as if it had not been.
/// </summary>
internal sealed class StageRunner(RunSession session, WorkerThreads threads, Device device)
{
    private Recipe Recipe => session.Recipe;

    /// <returns>True when all stages are done; false when the run was asked to stop.</returns>
    public bool Run()
    {
        var firstRunStep = 0;
        foreach (var stage in Recipe.Stages)
        {
            var total = TotalSteps(stage);
            if (!session.Ledger.Finished.ContainsKey(stage.Name) && !Train(stage, total, firstRunStep))
                return false;
            Evaluate(stage);
            firstRunStep += total;
        }
        return true;
    }

    /// <returns>False when the stage was asked to stop before its end.</returns>
    private bool Train(Stage stage, int totalSteps, int firstRunStep)
    {
        var checkpoint = Resumable(stage);
        var progress = checkpoint is null ? new StageProgress() : session.Checkpoints.ReadState(checkpoint).Progress;
        // A checkpoint's weights hold the adapters; what they are added to is what the stage began with.
        using var model =
            checkpoint is null || stage.Lora is not null ? Start(stage) : Load(session.Checkpoints.PathOf(checkpoint));
        if (stage.Lora is { } lora)
            Adapt(model, stage, lora, checkpoint);
        using var reference = stage.Grpo is { Beta: > 0 } ? Reference(stage, model, checkpoint) : null;
        session.Events.Append(
            HasBegun(stage)
                ? RunEvent.Resumed(progress.Step, stage.Name)
                : RunEvent.StageStarted(stage.Name, totalSteps)
        );
        session.Console.StageStarted(stage.Name, progress.Step, totalSteps);

        using var policy = new PolicyReplicas(model.Model, threads, stage.Trainable.Parts());
        using var optimizer = new PolicyOptimizer(
            stage.Sft?.Optimizer ?? stage.Grpo!.Optimizer,
            policy,
            stage.Trainable,
            stage.Grpo?.OptimizerSteps ?? totalSteps
        );
        List<(string Name, Tensor Value)> moments = [.. optimizer.State];
        if (stage.Grpo is { SyncReferenceEvery: > 0 } && reference is not null)
            moments.Add(("reference", reference.Parameters.Weights));
        if (checkpoint is not null)
        {
            session.Checkpoints.Restore(checkpoint, moments);
            optimizer.RestoreStepCount(session.Checkpoints.ReadState(checkpoint).OptimizerSteps);
        }

        var split = Prepare(Split.Train, model, stage);
        var rewards =
            stage.Grpo?.Rewards.Select(reward => RewardRegistry.Create(reward, stage.Completion)).ToList() ?? [];
        var validation = new Evaluator(
            policy,
            Prepare(Split.Validation, model, stage),
            model.Tokenizer,
            MaxTokens(stage),
            Recipe.SampleAtOnce
        );
        var running = new RunningStage(
            stage,
            totalSteps,
            firstRunStep,
            model,
            split,
            optimizer,
            moments,
            validation,
            rewards,
            progress.TrainSeconds
        );
        var monitor = new StageMonitor(session, running);
        monitor.Begin(progress.Step);
        progress =
            stage.Kind == StageKind.Sft
                ? TrainSft(stage.Sft!, split, policy, optimizer, monitor, progress)
                : TrainGrpo(stage.Grpo!, split, policy, reference, optimizer, model, monitor, progress);

        var last = monitor.Save(progress);
        if (progress.Step < totalSteps)
            return false;
        Finish(stage, progress.BestCheckpoint ?? last, progress.TrainSeconds);
        return true;
    }

    private StageProgress TrainSft(
        SftConfig config,
        PreparedSplit split,
        PolicyReplicas policy,
        PolicyOptimizer optimizer,
        StageMonitor monitor,
        StageProgress progress
    )
    {
        using var trainer = new SftTrainer(config, split, policy, optimizer, monitor, Recipe.Seed);
        return trainer.Train(progress, session.Stop.Token);
    }

    private StageProgress TrainGrpo(
        GrpoConfig config,
        PreparedSplit split,
        PolicyReplicas policy,
        VisionLanguageModel? reference,
        PolicyOptimizer optimizer,
        PretrainedModel model,
        StageMonitor monitor,
        StageProgress progress
    )
    {
        using var references = reference is null
            ? null
            : new PolicyReplicas(reference, threads, trainable: new HashSet<ModelPart>());
        using var trainer = new GrpoTrainer(
            config,
            split,
            policy,
            references,
            optimizer,
            model.Tokenizer,
            monitor,
            Recipe.Seed,
            Recipe.SampleAtOnce
        );
        return trainer.Train(progress, session.Stop.Token);
    }

    /// <summary>The newest whole checkpoint of this stage; null when it has none.</summary>
    private string? Resumable(Stage stage)
    {
        var newest = session.Checkpoints.Newest(out var ignored);
        foreach (var fault in ignored)
            session.Events.Append(
                RunEvent.Warned(new(RunWarningKind.DamagedCheckpoint, $"A checkpoint is left out: {fault}"), stage.Name)
            );
        if (newest is null)
            return null;
        var state = session.Checkpoints.ReadState(newest);
        RequireSame("recipe", state.RecipeHash, Recipe.ContentHash(), newest);
        RequireSame("data set", state.DatasetHash, session.Dataset.Hash, newest);
        return state.Stage == stage.Name ? newest : null;
    }

    private void RequireSame(string what, string before, string now, string checkpoint)
    {
        if (before != now)
            throw new ModelException(
                $"{session.Run.Path} was trained with another {what}: {checkpoint} says {before[..12]}…, now it is {now[..12]}…. Put the {what} back as it was, or begin a new run in another folder."
            );
    }

    /// <summary>Whether an earlier process worked on the stage; the steps it did after the checkpoint count no more.</summary>
    private bool HasBegun(Stage stage) =>
        RunEvents.Read(session.Run).Any(item => item.Type == RunEventType.Stage && item.Stage == stage.Name);

    /// <summary>What the stage begins with: the recipe's model, or what its parent handed on.</summary>
    private PretrainedModel Start(Stage stage)
    {
        if (stage.StartsFromPath)
            return Load(stage.From);
        if (!stage.StartsFromModel)
            return Load(ParentCheckpoint(stage));
        return Recipe.Model.Path is { } path ? Load(path) : NanoModel.Create(Recipe, session.Dataset, device);
    }

    private PretrainedModel Load(string folder) => PretrainedModel.Load(folder, device, Recipe.Precision);

    private string ParentCheckpoint(Stage stage)
    {
        var parent = session.Ledger.Finished[stage.From];
        var folder = session.Checkpoints.PathOf(parent.Checkpoint);
        if (CheckpointManifest.Fault(folder) is { } fault)
            throw new ModelException($"Stage '{stage.Name}' cannot start from '{stage.From}': {fault}");
        if (CheckpointManifest.Hash(folder) != parent.ManifestHash)
            throw new ModelException(
                $"Stage '{stage.Name}' cannot start from '{stage.From}': {folder} is not the checkpoint that stage ended with."
            );
        return folder;
    }

    /// <summary>Adds the stage's adapters, fresh or as the checkpoint has them.</summary>
    private void Adapt(PretrainedModel model, Stage stage, LoraConfig lora, string? checkpoint)
    {
        // A seed of its own: the model's initial values and other stages' adapters come from the recipe's, too.
        var seed = (long)CounterRandom.Stream(Recipe.Seed, Recipe.Stages.ToList().IndexOf(stage));
        var adapters = model.Model.Attach(lora, stage.Trainable.Parts(), seed);
        if (checkpoint is not null)
            PeftAdapter.Fill(adapters, Path.Combine(session.Checkpoints.PathOf(checkpoint), PeftAdapter.FolderName));
    }

    /// <summary>The policy as it was when the stage began.</summary>
    private VisionLanguageModel Reference(Stage stage, PretrainedModel model, string? checkpoint)
    {
        if (stage.Lora is not null)
            return stage.Grpo!.SyncReferenceEvery == 0 ? model.Model.WithoutAdapters() : model.Model.Copy();
        if (checkpoint is null)
            return model.Model.Copy();
        return Start(stage).Model;
    }

    private void Finish(Stage stage, string checkpoint, double seconds)
    {
        session.Ledger.Add(
            stage.Name,
            new FinishedStage(checkpoint, CheckpointManifest.Hash(session.Checkpoints.PathOf(checkpoint)), seconds)
        );
        session.Checkpoints.Prune(session.KeepCheckpoints, session.Pinned(best: null));
    }

    /// <summary>Answers about the held-out images; they are used for nothing else.</summary>
    private void Evaluate(Stage stage)
    {
        var path = StageEvaluation.PathOf(session.Run, stage.Name);
        if (File.Exists(path))
            return;
        session.Live.PhaseBegan("evaluate");
        using var model = Load(session.Checkpoints.PathOf(session.Ledger.Finished[stage.Name].Checkpoint));
        using var policy = new PolicyReplicas(model.Model, threads, trainable: new HashSet<ModelPart>());
        var evaluator = new Evaluator(
            policy,
            Prepare(Split.Test, model, stage),
            model.Tokenizer,
            MaxTokens(stage),
            Recipe.SampleAtOnce
        );
        var evaluation = StageEvaluation.Of(stage.Name, session.Dataset, evaluator, Recipe.Seed);
        evaluation.Save(path);
        var scores = evaluation.Greedy.Scores(session.Dataset.Info.Labels);
        session.Events.Append(
            RunEvent.Evaluated(
                TotalSteps(stage),
                new Dictionary<string, double>(StringComparer.Ordinal)
                {
                    ["test_accuracy"] = scores.Accuracy,
                    ["test_macro_recall"] = scores.MacroRecall,
                    ["test_format"] = scores.FormatRate,
                },
                $"evaluations/{stage.Name}.json",
                stage.Name
            )
        );
        session.Console.Evaluated(stage.Name, scores, evaluation.Sampled.Scores(session.Dataset.Info.Labels));
    }

    private PreparedSplit Prepare(Split split, PretrainedModel model, Stage stage)
    {
        var images = new ImageTiles(session.Dataset, Recipe.Image.Limit(model.Images));
        var prepared = new PreparedSplit(session.Dataset, split, model, images, Recipe.Prompt, stage.Completion);
        prepared.RequirePlaces(model.Model.Config.Language, MaxTokens(stage));
        return prepared;
    }

    private int TotalSteps(Stage stage) =>
        stage.Grpo?.Steps
        ?? stage.Sft!.TotalSteps(
            session.Dataset.Train.Count(sample =>
                stage.Completion == CompletionStyle.Answer || sample.Completion is not null
            )
        );

    private int MaxTokens(Stage stage) => MaxTokens(Recipe, stage);

    /// <summary>Tokens at which a stage's completions are cut when it is evaluated.</summary>
    internal static int MaxTokens(Recipe recipe, Stage stage) =>
        stage.Grpo?.MaxCompletionTokens
        ?? recipe.Stages.Select(other => other.Grpo?.MaxCompletionTokens ?? 0).Append(64).Max();
}
