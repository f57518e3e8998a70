using CLGRPO.Data.Cot;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>How likely each label would be as the answer after the reasoning that was written.</summary>
internal static class LabelScores
{
    // Models write a label with or without a space before it, as their data did; both spell the same answer.
    private static readonly string[] Spaces = ["", " "];

    /// <summary>Scores each label's whole answer, closing tag included, so that a label which begins another is not favoured.</summary>
    /// <param name="prompt">The prompt's ids.</param>
    /// <param name="features">[image tokens, feature size]; null without an image.</param>
    /// <param name="completion">What was written.</param>
    /// <returns>null: there is no answer, or no room to write every label.</returns>
    public static IReadOnlyList<LabelProbability>? Of(
        PretrainedModel model,
        int[] prompt,
        Tensor? features,
        IReadOnlyList<int> completion,
        IReadOnlyList<string> labels
    )
    {
        if (labels.Count == 0 || AnswerPlace.Of(model.Tokenizer, completion) is not { } place)
            return null;
        int[] before = [.. prompt, .. completion.Take(place.BeforeTag)];
        int[][] answers =
        [
            .. labels.SelectMany(label =>
                Spaces.Select(space =>
                    model.Tokenizer.Encode(place.Opening + space + label + CompletionFormat.AnswerClose).ToArray()
                )
            ),
        ];
        if (before.Length + answers.Max(answer => answer.Length) > model.Model.Config.Language.Places)
            return null;
        var scores = Logprobs(model.Model, before, features, answers);
        double[] weights =
        [
            .. Enumerable
                .Range(0, labels.Count)
                .Select(i => Enumerable.Range(0, Spaces.Length).Sum(j => Math.Exp(scores[(i * Spaces.Length) + j]))),
        ];
        return [.. labels.Select((label, i) => new LabelProbability(label, weights[i] / weights.Sum()))];
    }

    /// <returns>[answers]: log-probability of each, less that of the likeliest, so that none becomes zero by being long.</returns>
    private static double[] Logprobs(VisionLanguageModel model, int[] before, Tensor? features, int[][] answers)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = TokenBatch.OfGroups([(before, answers)], model.Config, model.Device);
        var tokens = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, features), batch.Targets);
        var sums = batch.Padded(tokens.Logprobs.detach()).sum(1).to(ScalarType.Float32).cpu().data<float>().ToArray();
        return Array.ConvertAll(sums, sum => (double)sum - sums.Max());
    }
}
