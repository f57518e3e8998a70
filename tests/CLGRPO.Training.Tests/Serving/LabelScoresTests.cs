using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Serving;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Serving;

public sealed class LabelScoresTests
{
    [Theory]
    [InlineData("<think>x y</think><answer>joy</answer>", true)]
    [InlineData("<think>x y</think> <answer> fear", false)]
    [InlineData("<answer>anything", true)]
    public void Of_ACompletion_IsEachLabelsShareOfTheForcedAnswers(string written, bool withImage)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = TinyServing.Model();
        var input = TinyServing.Input(model, "why?", withImage ? [TinyServing.Picture(1)] : []);
        var features = input.Features(model.Model);
        int[] completion = [.. model.Tokenizer.Encode(written)];

        var scores = LabelScores.Of(model, input.Ids, features, completion, TinyServing.Labels)!;

        Assert.Equal(TinyServing.Labels, scores.Select(score => score.Label));
        Assert.Equal(1, scores.Sum(score => score.Probability), 1e-9);
        // What stands before the tag is as it was written; tag, label and closing tag are forced, one sequence at a time.
        var reasoning = written[..written.IndexOf("<answer>", StringComparison.Ordinal)];
        int[] before = [.. input.Ids, .. model.Tokenizer.Encode(reasoning)];
        double[] forced =
        [
            .. TinyServing.Labels.Select(label =>
                ((string[])["", " "]).Sum(space =>
                    Math.Exp(Forced(model, before, features, $"<answer>{space}{label}</answer>"))
                )
            ),
        ];
        foreach (var (score, weight) in scores.Zip(forced))
            Assert.Equal(weight / forced.Sum(), score.Probability, 1e-4);
        Assert.True(scores.Max(score => score.Probability) > 1.05 / TinyServing.Labels.Length, "All are alike.");
    }

    [Fact]
    public void Of_WithoutAnAnswerOrARoom_IsNothing()
    {
        using var model = TinyServing.Model();
        int[] answered = [.. model.Tokenizer.Encode("<answer>joy</answer>")];
        int[] full = new int[model.Model.Config.Language.Places - 1];

        Assert.Null(LabelScores.Of(model, [1, 2], null, [.. model.Tokenizer.Encode("joy")], TinyServing.Labels));
        Assert.Null(LabelScores.Of(model, [1, 2], null, answered, []));
        Assert.Null(LabelScores.Of(model, full, null, answered, TinyServing.Labels));
    }

    /// <summary>Log-probability of a text after some tokens, by softmax over the logits at each place.</summary>
    private static double Forced(PretrainedModel model, int[] before, Tensor? features, string text)
    {
        int[] ids = [.. model.Tokenizer.Encode(text)];
        var batch = TokenBatch.OfSequences([(before, ids)], model.Model.Config, CPU);
        var logits = nn.functional.linear(model.Model.Forward(batch, features), model.Model.Decoder.Head);
        var width = (int)logits.shape[1];
        var values = Tiny.Floats(logits);
        return ids.Select(
                (id, at) =>
                {
                    var row = values.AsSpan(at * width, width).ToArray();
                    var largest = row.Max();
                    return row[id] - largest - Math.Log(row.Sum(value => Math.Exp(value - largest)));
                }
            )
            .Sum();
    }
}
