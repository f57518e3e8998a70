using CLGRPO.Data.Datasets;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Sft;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Planning;

/// <summary>
/// Tries the first stage for one step at its longest sample: loads the model, sees one sample, and trains on as many copies
/// of it as the workers hold at once. More micro-batches take more time and no more memory.
/// </summary>
/// <param name="recipe">The recipe.</param>
/// <param name="dataset">Its data set.</param>
/// <param name="device">Where.</param>
/// <param name="threads">The workers.</param>
public sealed class StepTrial(Recipe recipe, DatasetVersion dataset, Device device, WorkerThreads threads)
{
    private readonly Stage _stage = recipe.Stages[0];

    /// <param name="planner">Has the stage's tokens.</param>
    /// <param name="plan">Its plan.</param>
    public StepMeasurement Run(RecipePlanner planner, RunPlan plan)
    {
        var (stagePlan, split) = (plan.Stages[0], planner.Split(_stage));
        var settings = StageSettings.Of(recipe, _stage, threads.Count, device.type != TorchSharp.DeviceType.CPU);
        var copies = settings.PromptsPerMicroBatch * settings.BusyWorkers;
        var longest = Enumerable.Repeat(split.Samples[stagePlan.Tokens.Longest.Index], copies).ToList();
        var trial = new PreparedSplit(longest, split.Labels, split.Images, split.Style);

        PeakMemory.Reset(device);
        var clock = new Laps();
        using var model = Load();
        var (loadSeconds, loaded) = (
            clock.Lap(),
            device.type == TorchSharp.DeviceType.CPU ? PeakMemory.OfProcess() : PeakMemory.Of(device)
        );
        Forward(model.Model, trial);
        var (forwardSeconds, forwardPeak) = (clock.Lap(), PeakMemory.Of(device));
        var loss = Step(model, trial, settings);
        var stepSeconds = clock.Lap();
        return new StepMeasurement(
            _stage.Name,
            stagePlan.Tokens.Longest.Id,
            copies,
            loss,
            loadSeconds,
            forwardSeconds,
            stepSeconds,
            loaded,
            forwardPeak,
            PeakMemory.Of(device),
            Estimated(stagePlan, settings, copies)
        );
    }

    private PretrainedModel Load() =>
        _stage.StartsFromPath ? PretrainedModel.Load(_stage.From, device, recipe.Precision)
        : recipe.Model.Path is { } folder ? PretrainedModel.Load(folder, device, recipe.Precision)
        : NanoModel.Create(recipe, dataset, device);

    private void Forward(VisionLanguageModel model, PreparedSplit split)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sample = split.Samples[0];
        var batch = TokenBatch.OfSequences([(sample.PromptIds, TargetOf(sample))], model.Config, device);
        var features = model.ImageFeatures(split.LoadTiles([0], model.Config).to(device));
        _ = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, features), batch.Targets);
    }

    /// <summary>A sample without a completion of its own still predicts one token.</summary>
    private static int[] TargetOf(PreparedSample sample) => sample.TargetIds.Length > 0 ? sample.TargetIds : [0];

    /// <returns>The step's loss.</returns>
    private double Step(PretrainedModel model, PreparedSplit split, StageSettings settings)
    {
        if (_stage.Lora is { } lora)
            model.Model.Attach(lora, _stage.Trainable.Parts(), recipe.Seed);
        using var policy = new PolicyReplicas(model.Model, threads, _stage.Trainable.Parts());
        using var optimizer = new PolicyOptimizer(
            _stage.Sft?.Optimizer ?? _stage.Grpo!.Optimizer,
            policy,
            _stage.Trainable,
            totalSteps: 1
        );
        if (_stage.Sft is { } sft)
        {
            using var trainer = new SftTrainer(
                sft with
                {
                    BatchSize = split.Samples.Count,
                    MicroBatchSize = settings.PromptsPerMicroBatch,
                },
                split,
                policy,
                optimizer,
                new LastMetrics(),
                recipe.Seed
            );
            return trainer.TrainStep(0)["loss"];
        }
        return GrpoStep(model, split, settings, policy, optimizer);
    }

    private double GrpoStep(
        PretrainedModel model,
        PreparedSplit split,
        StageSettings settings,
        PolicyReplicas policy,
        PolicyOptimizer optimizer
    )
    {
        using var reference =
            settings.HasReference ? model.Model.Copy()
            : _stage.Grpo!.Beta > 0 ? model.Model.WithoutAdapters()
            : null;
        using var references = reference is null
            ? null
            : new PolicyReplicas(reference, threads, new HashSet<ModelPart>());
        var last = new LastMetrics();
        using var trainer = new GrpoTrainer(
            _stage.Grpo! with
            {
                Steps = 1,
                PromptsPerStep = split.Samples.Count,
                MiniBatches = 1,
                NumIterations = 1,
                MicroBatchSize = settings.PromptsPerMicroBatch * settings.GroupSize,
            },
            split,
            policy,
            references,
            optimizer,
            model.Tokenizer,
            last,
            recipe.Seed,
            recipe.SampleAtOnce
        );
        trainer.Train(new StageProgress(), CancellationToken.None);
        return last.Metrics["loss"];
    }

    /// <summary>What is estimated for so many samples; a step validates nothing.</summary>
    private static long Estimated(StagePlan stage, StageSettings settings, int copies)
    {
        var tokens = stage.Tokens with { Samples = copies, ValidationSamples = 0 };
        var step = settings with
        {
            BatchSize = copies * settings.GroupSize,
            MicroBatchSize = settings.PromptsPerMicroBatch * settings.GroupSize,
            PromptsPerStep = settings.IsGrpo ? copies : 0,
        };
        var estimate = new MemoryEstimator(stage.Model, step, tokens).Estimate();
        return settings.IsGpu ? estimate.DeviceBytes : estimate.TotalBytes;
    }

    private sealed class LastMetrics : IStageMonitor
    {
        public IReadOnlyDictionary<string, double> Metrics { get; private set; } =
            new Dictionary<string, double>(StringComparer.Ordinal);

        public StageProgress StepCompleted(
            StageProgress progress,
            int totalSteps,
            IReadOnlyDictionary<string, double> metrics
        )
        {
            Metrics = metrics;
            return progress;
        }

        public void RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups)
        {
            // A trial keeps no record.
        }
    }

    private sealed class Laps
    {
        private long _last = TimeProvider.System.GetTimestamp();

        public double Lap()
        {
            var now = TimeProvider.System.GetTimestamp();
            var seconds = TimeProvider.System.GetElapsedTime(_last, now).TotalSeconds;
            _last = now;
            return seconds;
        }
    }
}
