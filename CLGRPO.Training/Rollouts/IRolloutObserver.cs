namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Hears what happens in a step while it happens. It must not change anything, wait or throw; where nobody is interested,
/// a call costs one look at a variable.
/// </summary>
internal interface IRolloutObserver
{
    /// <summary>Whether anybody looks on; what would be costly to gather may be left out otherwise.</summary>
    bool IsWatching { get; }

    /// <summary>A part of the step begins: generate, reward, reference, update.</summary>
    void PhaseBegan(int step, string phase);

    /// <summary>Groups will be sampled for these prompts.</summary>
    void Drawn(IReadOnlyList<Prompt> prompts, int groupSize);

    /// <summary>
    /// Completions grew. Called from the worker that samples them, several at once, each with its own batch; on a device
    /// only every few tokens.
    /// </summary>
    /// <param name="batch">Those that still run, and in its groups those that ended.</param>
    /// <param name="maxTokens">Tokens at which a completion is cut.</param>
    void Sampled(RunningBatch batch, int maxTokens);

    /// <summary>The update is done.</summary>
    /// <param name="stopped">Of each group the tokens at which the clip stopped it in the last pass.</param>
    void Updated(int step, IReadOnlyList<(Prompt Prompt, IReadOnlyList<StoppedTokens> Completions)> stopped);
}

/// <summary>Places in a completion where the clip stopped the update.</summary>
/// <param name="Low">ρ &lt; 1 − ε_low with a negative advantage.</param>
/// <param name="High">ρ &gt; 1 + ε_high with a positive one.</param>
internal sealed record StoppedTokens(IReadOnlyList<int> Low, IReadOnlyList<int> High)
{
    public static StoppedTokens None { get; } = new([], []);
}
