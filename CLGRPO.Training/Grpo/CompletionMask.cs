namespace CLGRPO.Training.Grpo;

/// <summary>Which tokens of a completion count in the loss: all of it, the end token included; with
/// <c>mask_truncated_completions</c> none of one that ran into the limit.</summary>
public static class CompletionMask
{
    /// <summary>Tokens that count, per completion: the mask's ones, which come first.</summary>
    /// <param name="lengths">[completions]; tokens sampled, the end token included.</param>
    /// <param name="terminated">[completions]; ended with an end token.</param>
    public static int[] ActiveTokens(
        IReadOnlyList<int> lengths,
        IReadOnlyList<bool> terminated,
        bool maskTruncatedCompletions
    ) => [.. lengths.Select((length, i) => maskTruncatedCompletions && !terminated[i] ? 0 : length)];
}
