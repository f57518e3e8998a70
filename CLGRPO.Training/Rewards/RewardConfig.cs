namespace CLGRPO.Training.Rewards;

/// <summary>A reward of a stage and its weight; settings that another reward owns are ignored.</summary>
public sealed record RewardConfig
{
    /// <summary>One of <see cref="RewardRegistry.Names"/>.</summary>
    public required string Name { get; init; }

    public double Weight { get; init; } = 1;

    /// <summary>repetition_penalty: tokens per n-gram.</summary>
    public int NgramSize { get; init; } = 3;

    /// <summary>repetition_penalty: the score of endless repetition.</summary>
    public double MaxPenalty { get; init; } = -1;

    /// <summary>soft_overlong: tokens before the limit within which length costs.</summary>
    public int MarginTokens { get; init; } = 16;
}
