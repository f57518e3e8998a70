namespace CLGRPO.Training.Rewards;

/// <summary>One completion and what is known about it.</summary>
/// <param name="Completion">Decoded text without special tokens.</param>
/// <param name="Label">The true label; empty when it is not known.</param>
/// <param name="CompletionIds">Sampled token ids, the end token included.</param>
/// <param name="Terminated">The completion ended by itself, not at the limit.</param>
/// <param name="MaxCompletionTokens">The limit it was sampled under.</param>
public sealed record RewardInput(
    string Completion,
    string Label,
    IReadOnlyList<int> CompletionIds,
    bool Terminated,
    int MaxCompletionTokens
);

/// <summary>Judges a completion; pure and safe to call from any thread.</summary>
public interface IReward
{
    /// <summary>The name in recipes and metrics: <c>rewards/{Name}/mean</c>.</summary>
    string Name { get; }

    /// <summary>Higher is better; null when this completion cannot be judged.</summary>
    float? Score(RewardInput input);
}
