using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Grpo;

/// <summary>Draws the prompts of a step, samples a group of completions for each, and scores them.</summary>
/// <param name="config">The stage's settings.</param>
/// <param name="split">Training samples, in an order that follows from the seed.</param>
/// <param name="policy">The policy on every worker.</param>
/// <param name="features">What the policy sees.</param>
/// <param name="functions">The reward functions of the settings, in their order.</param>
/// <param name="tokenizer">Turns completions into text for the rewards.</param>
/// <param name="seed">Everything random follows from it.</param>
/// <param name="maxRows">Completions that are sampled at once.</param>
internal sealed class GroupCollector(
    GrpoConfig config,
    PreparedSplit split,
    PolicyReplicas policy,
    ImageFeatures features,
    IReadOnlyList<IReward> functions,
    Tokenizer tokenizer,
    long seed,
    int maxRows
)
{
    private readonly EpochOrder _order = new([.. Enumerable.Range(0, split.Samples.Count)], seed);
    private readonly double[] _weights = [.. config.Rewards.Select(reward => reward.Weight)];

    /// <summary>Sees tokens as they are sampled.</summary>
    public IRolloutObserver? Observer { get; init; }

    /// <summary>Samples a batch of groups and scores them; with dynamic sampling, silent groups make way for new prompts.</summary>
    /// <param name="place">Prompts drawn before.</param>
    /// <returns>The groups, and how many prompts were drawn for them.</returns>
    public (IReadOnlyList<ScoredGroup> Groups, int Drawn) Collect(long place)
    {
        var sampler = new PolicySampler(policy, config.Sampling with { Seed = seed }, tokenizer, features, maxRows)
        {
            Observer = Observer,
        };
        var kept = new List<ScoredGroup>();
        var drawn = 0;
        for (var round = 0; kept.Count < config.PromptsPerStep; round++)
        {
            var wanted = config.PromptsPerStep - kept.Count;
            var prompts = Enumerable.Range(0, wanted).Select(i => NextPrompt(place + drawn + i)).ToList();
            drawn += wanted;
            var groups = sampler.Sample(prompts, config.GroupSize, config.MaxCompletionTokens).Select(Score).ToList();
            if (!config.DynamicSampling.Enabled || round == config.DynamicSampling.MaxResamples)
                return ([.. kept, .. groups], drawn);
            kept.AddRange(groups.Where(HasSpread));
        }
        return (kept, drawn);
    }

    private static bool HasSpread(ScoredGroup group) =>
        GroupAdvantage.SilentGroups(group.Rewards, group.Rewards.Length).Count == 0;

    private Prompt NextPrompt(long place)
    {
        var sample = _order.Batch((int)place, 1).Samples[0];
        return new Prompt(split.Samples[sample].PromptIds, sample, CounterRandom.Stream(place));
    }

    private ScoredGroup Score(RolloutGroup group)
    {
        var label = split.Samples[group.Prompt.Sample].Sample.Label;
        string[] texts =
        [
            .. group.Completions.Select(completion => tokenizer.Decode(completion.Ids, skipSpecialTokens: true)),
        ];
        var scores = new float[texts.Length * functions.Count];
        for (var i = 0; i < scores.Length; i++)
        {
            var completion = group.Completions[i / functions.Count];
            var input = new RewardInput(
                texts[i / functions.Count],
                label,
                completion.Ids,
                completion.Terminated,
                config.MaxCompletionTokens
            );
            scores[i] = functions[i % functions.Count].Score(input) ?? float.NaN;
        }
        return new ScoredGroup(group, texts, scores, GroupAdvantage.Combine(scores, _weights), []);
    }
}
