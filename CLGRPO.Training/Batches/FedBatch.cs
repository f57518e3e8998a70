namespace CLGRPO.Training.Batches;

/// <summary>What follows a prompt in a row.</summary>
/// <param name="Ids">Its tokens, the end token included where it ended.</param>
/// <param name="Counts">Whether its tokens count in the loss.</param>
public sealed record FedCompletion(int[] Ids, bool Counts);

/// <summary>A prompt and what follows it, once or for each of a group.</summary>
/// <param name="Sample">Index into the split.</param>
/// <param name="PromptIds">Its tokens, image tokens included.</param>
public sealed record FedPrompt(int Sample, int[] PromptIds, IReadOnlyList<FedCompletion> Completions);

/// <summary>The batch of a step as the model is fed it.</summary>
/// <param name="MicroBatches">Parts that are computed one at a time, each filled up to its longest rows.</param>
/// <param name="SharesPrompts">As <see cref="TokenBatch.OfGroups"/>; otherwise as <see cref="TokenBatch.OfSequences"/>.</param>
/// <param name="AugmentOf">Changes a sample's pixels; null for none.</param>
public sealed record FedBatch(
    IReadOnlyList<IReadOnlyList<FedPrompt>> MicroBatches,
    bool SharesPrompts,
    Func<int, AugmentTiles?> AugmentOf
)
{
    public int Rows => MicroBatches.Sum(micro => micro.Sum(prompt => prompt.Completions.Count));

    /// <summary>Tokens computed, padding included.</summary>
    public long Tokens => MicroBatches.Sum(TokensOf);

    /// <summary>Those of them that only fill up.</summary>
    public long Padding => MicroBatches.Sum(micro => TokensOf(micro) - micro.Sum(ReadTokens));

    /// <summary>Tokens that count in the loss.</summary>
    public long LossTokens =>
        MicroBatches.Sum(micro =>
            micro.Sum(prompt =>
                prompt.Completions.Sum(completion => completion.Counts ? (long)completion.Ids.Length : 0)
            )
        );

    /// <summary>Tokens of the longest sequence, prompt and completion.</summary>
    public int Longest =>
        MicroBatches.Max(micro =>
            micro.Max(prompt => prompt.PromptIds.Length + prompt.Completions.Max(completion => completion.Ids.Length))
        );

    /// <summary>Tokens that fill a row up: after its prompt, and after its completion.</summary>
    public (int AfterPrompt, int AfterCompletion) PaddingOf(
        IReadOnlyList<FedPrompt> micro,
        FedPrompt prompt,
        FedCompletion completion
    )
    {
        var read = ReadTokens(completion);
        return SharesPrompts
            ? (PromptWidth(micro) - prompt.PromptIds.Length, CompletionWidth(micro) - read)
            : (0, Width(micro) - prompt.PromptIds.Length - read);
    }

    private long TokensOf(IReadOnlyList<FedPrompt> micro)
    {
        var rows = micro.Sum(prompt => prompt.Completions.Count);
        return SharesPrompts
            ? ((long)micro.Count * PromptWidth(micro)) + ((long)rows * CompletionWidth(micro))
            : (long)rows * Width(micro);
    }

    private long ReadTokens(FedPrompt prompt) =>
        prompt.PromptIds.Length * (SharesPrompts ? 1L : prompt.Completions.Count)
        + prompt.Completions.Sum(completion => (long)ReadTokens(completion));

    // The last token is predicted, never read.
    private static int ReadTokens(FedCompletion completion) => Math.Max(completion.Ids.Length - 1, 0);

    private static int PromptWidth(IReadOnlyList<FedPrompt> micro) => micro.Max(prompt => prompt.PromptIds.Length);

    private static int CompletionWidth(IReadOnlyList<FedPrompt> micro) =>
        Math.Max(1, micro.Max(prompt => prompt.Completions.Max(ReadTokens)));

    private static int Width(IReadOnlyList<FedPrompt> micro) =>
        micro.Max(prompt => prompt.PromptIds.Length + prompt.Completions.Max(completion => completion.Ids.Length)) - 1;
}
