namespace CLGRPO.Training.Grpo;

/// <summary>Whether a clip can act at all. Until the first optimizer step after a rollout the policy is the one that sampled
/// it and every ratio is 1; with one optimizer step per rollout batch, epsilon_low and epsilon_high change nothing.</summary>
public static class ClipActivity
{
    /// <summary>Optimizer steps per rollout batch: mini_batches · num_iterations.</summary>
    /// <remarks>In TRL's words steps_per_generation · num_iterations / gradient_accumulation_steps, where a mini-batch is
    /// gradient_accumulation_steps micro-batches and a rollout batch steps_per_generation of them.</remarks>
    public static double UpdatesPerRollout(int stepsPerGeneration, int numIterations, int gradientAccumulationSteps) =>
        (double)stepsPerGeneration * numIterations / gradientAccumulationSteps;

    /// <summary>Why this stage must not start, or null: a ClipLow stage whose clip cannot act.</summary>
    public static string? Refusal(GrpoConfig config) =>
        config.Clip.IsClipLow && config.UpdatesPerRollout <= 1
            ? $"epsilon_high {config.Clip.EpsilonHigh} < epsilon_low {config.Clip.EpsilonLow} asks for ClipLow, but the clip cannot act: "
                + Sum(config)
                + " The first update after a rollout always has ratio 1. Set num_iterations: 2 or mini_batches: 2 (or more)."
            : null;

    /// <summary>What the person who starts this stage should know, or null.</summary>
    public static string? Warning(GrpoConfig config) =>
        !config.Clip.IsClipLow && config.UpdatesPerRollout <= 1
            ? "on-policy: the clip cannot act. "
                + Sum(config)
                + " The policy loss will read 0 while the gradient is not."
            : null;

    private static string Sum(GrpoConfig config) =>
        $"steps_per_generation {config.StepsPerGeneration} × num_iterations {config.NumIterations} / gradient_accumulation_steps "
        + $"{config.GradientAccumulationSteps} = {config.UpdatesPerRollout} optimizer step per rollout batch "
        + $"(mini_batches {config.MiniBatches} × num_iterations {config.NumIterations}).";
}
