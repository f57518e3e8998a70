using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
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

    /// <summary>The images there are.</summary>
    public int Count => split.Samples.Count;

    /// <summary>Asks about images of the split, all of them unless it is said otherwise.</summary>
    /// <param name="sampling">Greedy, or at a temperature.</param>
    /// <param name="first">The first to ask about.</param>
    /// <param name="count">At most so many.</param>
    /// <returns>An answer for each image, in the split's order.</returns>
    public IReadOnlyList<ImageAnswer> Evaluate(SamplingConfig sampling, int first = 0, int count = int.MaxValue)
    {
        // Frozen for this evaluation: each image is seen once.
        using var features = new ImageFeatures(split, frozen: false);
        var prompts = Enumerable
            .Range(first, Math.Min(count, Count - first))
            .Select(i => new Prompt(split.Samples[i].PromptIds, i, CounterRandom.Stream(i)))
            .ToList();
        var groups = new PolicySampler(policy, sampling, tokenizer, features, maxRows).Sample(
            prompts,
            groupSize: 1,
            maxTokens
        );
        return [.. groups.Select((group, i) => Read(group.Completions[0], split.Samples[first + i].Sample))];
    }

    private ImageAnswer Read(Completion completion, Sample sample)
    {
        var text = tokenizer.Decode(completion.Ids, skipSpecialTokens: true);
        var parsed = CompletionFormat.Parse(text, split.Style);
        var predicted = _labels.FindIndex(candidate => CompletionFormat.Matches(parsed.Answer, candidate));
        return new ImageAnswer(
            sample.Id,
            sample.Image,
            new Prediction(
                _labels.IndexOf(sample.Label),
                predicted < 0 ? _labels.Count : predicted,
                parsed.WellFormed && completion.Terminated,
                completion.Ids.Length
            ),
            text,
            Confidence(completion)
        );
    }

    private double? Confidence(Completion completion) =>
        AnswerPlace.Of(tokenizer, completion.Ids) is { } place && place.First < place.End
            ? Math.Exp(completion.Logprobs[place.First..place.End].Sum(logprob => (double)logprob))
            : null;
}
