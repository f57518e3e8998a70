using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Rollouts;

/// <summary>Samples from a policy on all workers at once.</summary>
/// <param name="policy">The policy on every worker.</param>
/// <param name="sampling">How a token is chosen.</param>
/// <param name="tokenizer">Gives the end token and the tokens that are never sampled.</param>
/// <param name="features">Image tokens of the samples that prompts name.</param>
/// <param name="maxRows">Completions that run at once, all workers together.</param>
public sealed class PolicySampler(
    PolicyReplicas policy,
    SamplingConfig sampling,
    Tokenizer tokenizer,
    ImageFeatures features,
    int maxRows = PolicySampler.DefaultMaxRows
)
{
    /// <summary>Completions that run at once, where nothing else is said.</summary>
    public const int DefaultMaxRows = 1024;

    /// <summary>Tokens that end a completion.</summary>
    internal IReadOnlySet<int> StopIds { get; init; } = new HashSet<int> { tokenizer.SpecialTokens.ImEnd };

    /// <summary>Tokens that are never sampled.</summary>
    internal IReadOnlyList<int> BannedIds { get; init; } =
        NeverSampled.Of(tokenizer, policy.Policy.Config.Language.VocabularySize);

    /// <summary>Looks on.</summary>
    internal IRolloutObserver? Observer { get; init; }

    /// <returns>One group for each prompt, in their order.</returns>
    public IReadOnlyList<RolloutGroup> Sample(IReadOnlyList<Prompt> prompts, int groupSize, int maxTokens)
    {
        Observer?.Drawn(prompts, groupSize);
        using var merged = policy.Policy.Adapters?.Merge(); // a decode step then costs what it costs without adapters
        var shares = Enumerable
            .Range(0, policy.Count)
            .Select(worker => prompts.Where((_, i) => i % policy.Count == worker).ToList())
            .ToList();
        var sampled = new IReadOnlyList<RolloutGroup>[shares.Count];
        policy.ForEach(
            shares,
            (replica, share, worker) =>
            {
                using var sampler = new RolloutSampler(
                    replica,
                    sampling,
                    StopIds,
                    BannedIds,
                    Math.Max(groupSize, maxRows / policy.Count)
                )
                {
                    Observer = Observer,
                };
                sampled[worker] = sampler.Sample(
                    share,
                    groupSize,
                    maxTokens,
                    some => features.Of(replica, [.. some.Select(prompt => prompt.Sample)])
                );
            }
        );
        return [.. prompts.Select((_, i) => sampled[i % policy.Count][i / policy.Count])];
    }
}
