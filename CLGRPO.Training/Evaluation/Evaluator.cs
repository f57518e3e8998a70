using CLGRPO.Data.Cot;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Evaluation;

/// <summary>Asks a policy about every image of a split and reads its answers.</summary>
/// <param name="policy">The policy on every worker.</param>
/// <param name="split">The images.</param>
/// <param name="tokenizer">Turns completions into text.</param>
/// <param name="maxTokens">Tokens at which a completion is cut.</param>
/// <param name="maxRows">Completions that run at once.</param>
public sealed class Evaluator(
    PolicyReplicas policy,
    PreparedSplit split,
    Tokenizer tokenizer,
    int maxTokens,
    int maxRows = PolicySampler.DefaultMaxRows
)
{
    private readonly List<string> _labels = [.. split.Labels];

    /// <param name="sampling">Greedy, or at a temperature.</param>
    /// <param name="limit">Only the first images, for a quick look; null for all.</param>
    /// <returns>One prediction for each image, in the split's order, with the completion it was read from.</returns>
    public IReadOnlyList<(Prediction Prediction, string Completion)> Evaluate(
        SamplingConfig sampling,
        int? limit = null
    )
    {
        var count = Math.Min(limit ?? int.MaxValue, split.Samples.Count);
        // Frozen for this evaluation: each image is seen once.
        using var features = new ImageFeatures(split, frozen: false);
        var prompts = Enumerable
            .Range(0, count)
            .Select(i => new Prompt(split.Samples[i].PromptIds, i, CounterRandom.Stream(i)))
            .ToList();
        var groups = new PolicySampler(policy, sampling, tokenizer, features, maxRows).Sample(
            prompts,
            groupSize: 1,
            maxTokens
        );
        return [.. groups.Select((group, i) => Read(group.Completions[0], split.Samples[i].Sample.Label))];
    }

    private (Prediction, string) Read(Completion completion, string label)
    {
        var text = tokenizer.Decode(completion.Ids, skipSpecialTokens: true);
        var parsed = CompletionFormat.Parse(text, split.Style);
        var predicted = _labels.FindIndex(candidate => CompletionFormat.Matches(parsed.Answer, candidate));
        return (
            new Prediction(
                _labels.IndexOf(label),
                predicted < 0 ? _labels.Count : predicted,
                parsed.WellFormed && completion.Terminated,
                completion.Ids.Length
            ),
            text
        );
    }
}
