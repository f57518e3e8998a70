namespace CLGRPO.Training.Grpo;

/// <summary>What a centred reward is divided by; TRL's <c>scale_rewards</c>.</summary>
public enum RewardScale
{
    /// <summary>The standard deviation of its group.</summary>
    Group,

    /// <summary>The standard deviation of all rewards of the rollout batch.</summary>
    Batch,

    /// <summary>Nothing (Dr. GRPO).</summary>
    None,
}
