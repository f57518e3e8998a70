using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;

namespace CLGRPO.Training.Sft;

/// <summary>Which weights a fine-tuning stage hands on.</summary>
public enum KeepWeights
{
    /// <summary>Those with the lowest validation loss.</summary>
    Best,

    /// <summary>Those of the last step.</summary>
    Last,
}

/// <summary>A supervised fine-tuning stage. The defaults are those found to work for the nano model.</summary>
public sealed record SftConfig
{
    /// <summary>Passes over the training split; null when <see cref="MaxSteps"/> says how long.</summary>
    public double? Epochs { get; init; } = 14;

    /// <summary>Optimizer steps; null when <see cref="Epochs"/> says how long.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Samples per optimizer step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Samples per backward pass: a matter of memory, not of what is learnt.</summary>
    public int MicroBatchSize { get; init; } = 64;

    /// <summary>Keep only each layer's input and compute the layer again on the way back: less memory, a third more arithmetic.</summary>
    public bool GradientCheckpointing { get; init; }

    public OptimizerConfig Optimizer { get; init; } =
        new()
        {
            LearningRate = 2e-3,
            Schedule = ScheduleKind.Cosine,
            WarmupSteps = 100,
            WeightDecay = 0.05,
            Beta2 = 0.98,
        };

    public AugmentationConfig Augmentation { get; init; } = new();

    /// <summary>Optimizer steps between validations; 0 = only at the end.</summary>
    public int ValidateEvery { get; init; } = 100;

    public KeepWeights Keep { get; init; } = KeepWeights.Best;

    public TrainableConfig Trainable { get; init; } = new();

    /// <summary>The trainable parts learn through adapters; null = in their own weights.</summary>
    public LoraConfig? Lora { get; init; }

    /// <summary>Optimizer steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 200;

    /// <summary>Optimizer steps of the stage over a training split of this size; a last short batch counts as a step.</summary>
    public int TotalSteps(int samples) =>
        MaxSteps ?? Math.Max(1, (int)Math.Ceiling(Epochs!.Value * samples / BatchSize));
}

/// <summary>Changes to training images that keep their label.</summary>
public sealed record AugmentationConfig
{
    /// <summary>Largest shift in pixels, each way.</summary>
    public int Shift { get; init; }

    /// <summary>Mirror left and right, every other time.</summary>
    public bool Flip { get; init; }

    /// <summary>Standard deviation of noise on pixel values from 0 to 1.</summary>
    public double Noise { get; init; }
}
