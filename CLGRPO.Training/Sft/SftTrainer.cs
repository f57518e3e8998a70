using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Sft;

/// <summary>Supervised fine-tuning: cross-entropy on the assistant's turn, averaged over the tokens of the step.</summary>
/// <param name="config">The stage's settings.</param>
/// <param name="split">Training samples.</param>
/// <param name="policy">The policy on every worker.</param>
/// <param name="optimizer">Moves the policy.</param>
/// <param name="monitor">Hears of every step; validates and saves.</param>
/// <param name="seed">Everything random follows from it.</param>
public sealed class SftTrainer(
    SftConfig config,
    PreparedSplit split,
    PolicyReplicas policy,
    PolicyOptimizer optimizer,
    IStageMonitor monitor,
    long seed
) : IDisposable
{
    private readonly EpochOrder _order = new(split.Learnable(), seed);
    private readonly Augmentation _augmentation = new(config.Augmentation, seed, policy.Policy.Config.Vision.ImageSize);
    private readonly ImageFeatures? _features = config.Trainable.Vision ? null : new ImageFeatures(split, frozen: true);

    /// <summary>Trains from <paramref name="progress"/> to the end of the stage, or until asked to stop.</summary>
    public StageProgress Train(StageProgress progress, CancellationToken stop)
    {
        var total = config.TotalSteps(_order.Count);
        if (progress.Step == 0)
            monitor.FirstBatchFormed(FirstBatch());
        while (progress.Step < total && !stop.IsCancellationRequested)
        {
            var metrics = TrainStep(progress.Step);
            progress = progress with { Step = progress.Step + 1 };
            progress = monitor.StepCompleted(progress, total, metrics);
        }
        return progress;
    }

    /// <summary>One optimizer step, whatever the stage's progress.</summary>
    /// <param name="step">Says which samples.</param>
    /// <returns>The step's metrics.</returns>
    internal Dictionary<string, double> TrainStep(int step)
    {
        var started = TimeProvider.System.GetTimestamp();
        var (samples, epoch) = _order.Batch(step, config.BatchSize);
        var tokens = samples.Sum(sample => (long)split.Samples[sample].TargetIds.Length);
        var microBatches = MicroBatches(samples);
        var losses = new double[microBatches.Count];
        var learningRates = optimizer.LearningRates();
        policy.ForEach(microBatches, (replica, batch, i) => losses[i] = Backward(replica, batch, epoch, tokens));
        var gradNorm = optimizer.Step();
        return new Dictionary<string, double>(learningRates, StringComparer.Ordinal)
        {
            ["loss"] = losses.Sum(),
            ["grad_norm"] = gradNorm,
            ["epoch"] = (double)(step + 1) * config.BatchSize / _order.Count,
            ["num_tokens"] = tokens,
            ["step_time"] = TimeProvider.System.GetElapsedTime(started).TotalSeconds,
        };
    }

    private FedBatch FirstBatch()
    {
        var (samples, epoch) = _order.Batch(0, config.BatchSize);
        return new FedBatch(
            [.. MicroBatches(samples).Select(micro => (IReadOnlyList<FedPrompt>)[.. micro.Select(Fed)])],
            SharesPrompts: false,
            sample => Augment([sample], epoch)
        );
    }

    private FedPrompt Fed(int sample) =>
        new(
            sample,
            split.Samples[sample].PromptIds,
            [new FedCompletion(split.Samples[sample].TargetIds, Counts: true)]
        );

    /// <summary>Samples of like length together, so that little is padded; as many as there are workers at least.</summary>
    private List<int[]> MicroBatches(int[] samples)
    {
        var size = Math.Min(config.MicroBatchSize, (samples.Length + policy.Count - 1) / policy.Count);
        return
        [
            .. samples
                .OrderBy(sample => split.Samples[sample].PromptIds.Length + split.Samples[sample].TargetIds.Length)
                .Chunk(size),
        ];
    }

    /// <returns>The micro-batch's share of the step's loss.</returns>
    private double Backward(VisionLanguageModel replica, int[] samples, int epoch, long stepTokens)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.OfSequences(
            [.. samples.Select(sample => (split.Samples[sample].PromptIds, split.Samples[sample].TargetIds))],
            replica.Config,
            replica.Device
        );
        var tape = config.GradientCheckpointing ? new LayerTape() : null;
        var features = _features?.Of(replica, samples) ?? replica.ImageFeatures(Tiles(replica, samples, epoch), tape);
        var head = new TokenLogprobs(replica.Decoder.Head, headGradient: replica.Decoder.HeadGradient);
        var result = head.Forward(replica.Forward(batch, features, tape), batch.Targets);
        var loss = result.Logprobs.sum().neg().div(stepTokens);
        loss.backward();
        head.Backward(result);
        tape?.Backward();
        replica.Trained.SumGradients();
        return loss.item<float>();
    }

    public void Dispose() => _features?.Dispose();

    private Tensor Tiles(VisionLanguageModel replica, int[] samples, int epoch) =>
        split.LoadTiles(samples, replica.Config, Augment(samples, epoch)).to(replica.Device);

    // Features that are kept are those of the image as it is.
    private AugmentTiles? Augment(int[] samples, int epoch) =>
        _augmentation.IsOff || _features is not null
            ? null
            : (place, pixels) => _augmentation.Apply(pixels, epoch, samples[place]);
}
