using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Grpo;

/// <summary>A group with its rewards and advantages.</summary>
/// <param name="Group">Prompt and completions.</param>
/// <param name="Texts">[G]: the completions as text, without the end token.</param>
/// <param name="Scores">[G, functions], row-major; NaN where a reward gave no value.</param>
/// <param name="Rewards">[G]: weighted sums.</param>
/// <param name="Advantages">[G].</param>
public sealed record ScoredGroup(
    RolloutGroup Group,
    IReadOnlyList<string> Texts,
    float[] Scores,
    float[] Rewards,
    float[] Advantages
);
