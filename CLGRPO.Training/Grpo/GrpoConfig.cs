using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Grpo;

/// <summary>A GRPO stage. The defaults are stage 3's, as found to work for the nano model.</summary>
public sealed record GrpoConfig
{
    /// <summary>At least one, each once.</summary>
    public EquatableList<RewardConfig> Rewards { get; init; } =
    [new() { Name = FormatReward.RewardName }, new() { Name = AccuracyReward.RewardName }];

    /// <summary>Rollout batches of the stage: sample, judge, update.</summary>
    public int Steps { get; init; } = 120;

    /// <summary>Prompts per rollout batch.</summary>
    public int PromptsPerStep { get; init; } = 32;

    /// <summary>Completions per prompt; TRL's num_generations.</summary>
    public int GroupSize { get; init; } = 8;

    /// <summary>Optimizer steps that a rollout batch is cut into.</summary>
    public int MiniBatches { get; init; } = 2;

    /// <summary>Times a rollout batch is gone through.</summary>
    public int NumIterations { get; init; } = 2;

    /// <summary>Rollouts per backward pass: a matter of memory, not of what is learnt.</summary>
    public int MicroBatchSize { get; init; } = 64;

    /// <summary>Keep only each layer's input and compute the layer again on the way back: less memory, a third more arithmetic.</summary>
    public bool GradientCheckpointing { get; init; }

    public OptimizerConfig Optimizer { get; init; } = new() { LearningRate = 1e-4, Beta2 = 0.95 };

    public ClipRange Clip { get; init; } = new();

    /// <summary>Weight of the k3 divergence from the reference policy; 0 = no reference policy is kept.</summary>
    public double Beta { get; init; } = 0.02;

    public LossType LossType { get; init; } = LossType.Dapo;

    public ImportanceSamplingLevel ImportanceSamplingLevel { get; init; } = ImportanceSamplingLevel.Token;

    public RewardScale ScaleRewards { get; init; } = RewardScale.Group;

    /// <summary>Completions that ran into the limit do not count in the loss.</summary>
    public bool MaskTruncatedCompletions { get; init; }

    public DynamicSamplingConfig DynamicSampling { get; init; } = new();

    public int MaxCompletionTokens { get; init; } = 64;

    public SamplingConfig Sampling { get; init; } = new();

    public TrainableConfig Trainable { get; init; } = new() { Vision = false };

    /// <summary>The trainable parts learn through adapters; null = in their own weights.</summary>
    public LoraConfig? Lora { get; init; }

    /// <summary>Rollout batches between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 20;

    /// <summary>Rollout batches between moves of the reference towards the policy; 0 = it stays where the stage began.</summary>
    public int SyncReferenceEvery { get; init; }

    /// <summary>TR-DPO's α: reference ← α·policy + (1 − α)·reference.</summary>
    public double ReferenceMixup { get; init; } = 0.6;

    public int RolloutsPerStep => PromptsPerStep * GroupSize;

    /// <summary>Rollouts per optimizer step.</summary>
    public int MiniBatchSize => RolloutsPerStep / MiniBatches;

    /// <summary>Micro-batches per optimizer step; TRL's gradient_accumulation_steps.</summary>
    public int GradientAccumulationSteps => (MiniBatchSize + MicroBatchSize - 1) / MicroBatchSize;

    /// <summary>Micro-batches per pass over a rollout batch; TRL's steps_per_generation.</summary>
    public int StepsPerGeneration => MiniBatches * GradientAccumulationSteps;

    /// <summary>Optimizer steps per rollout batch (U); the clip can act from the second on.</summary>
    public double UpdatesPerRollout =>
        ClipActivity.UpdatesPerRollout(StepsPerGeneration, NumIterations, GradientAccumulationSteps);

    /// <summary>Optimizer steps of the stage.</summary>
    public int OptimizerSteps => Steps * MiniBatches * NumIterations;
}

/// <summary>DAPO's dynamic sampling: groups of equal rewards teach nothing and are sampled again with other prompts.</summary>
public sealed record DynamicSamplingConfig
{
    public bool Enabled { get; init; }

    /// <summary>Rounds of refilling, after which the stage goes on with what is there.</summary>
    public int MaxResamples { get; init; } = 3;
}
