namespace CLGRPO.Training.Grpo;

/// <summary>How the losses of tokens become one number; the names are TRL's. m is the mask, ℓ a token's loss, and every
/// divisor belongs to the whole optimizer step, never to a micro-batch: how a step is cut is a matter of memory.</summary>
public enum LossType
{
    /// <summary>Mean over sequences of the mean over tokens: long and short completions weigh the same.</summary>
    Grpo,

    /// <summary>Σ mℓ / Σ m over this device's share of the step.</summary>
    Bnpo,

    /// <summary>Σ mℓ / (sequences · max_completion_tokens): no length bias (arXiv:2503.20783).</summary>
    DrGrpo,

    /// <summary>Σ mℓ / Σ m over all devices: every token weighs the same (arXiv:2503.14476).</summary>
    Dapo,
}
