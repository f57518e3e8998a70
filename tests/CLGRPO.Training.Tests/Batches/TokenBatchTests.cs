using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Batches;

public sealed class TokenBatchTests
{
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    /// <summary>Log-probabilities of all targets and the gradient of their weighted sum.</summary>
    private static (float[] Logprobs, float[] Gradient) Run(
        VisionLanguageModel model,
        TokenBatch batch,
        Tensor? features,
        float[] weights
    )
    {
        using var scope = NewDisposeScope();
        model.Parameters.Gradients!.zero_();
        var head = new TokenLogprobs(model.Decoder.Head);
        var result = head.Forward(model.Forward(batch, features), batch.Targets);
        (result.Logprobs * tensor(weights)).sum().backward();
        head.Backward(result);
        return (Tiny.Floats(result.Logprobs), Tiny.Floats(model.Parameters.Gradients!));
    }

    private static float[] Weights(int count) => [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i) + 0.5f)];

    [Theory]
    [InlineData(6, 6)]
    [InlineData(6, 11)]
    [InlineData(3, 1)]
    public void OfGroups_WithPromptsOfAnyLength_IsOfSequencesRowByRow(int firstPrompt, int secondPrompt)
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        model.Parameters.EnableGradients(AllParts);
        int[][] prompts = [Tiny.PromptWithImage(firstPrompt, 1), Tiny.PromptWithImage(secondPrompt, 2)];
        int[][] completions =
        [
            Tiny.Ids(7, 3),
            Tiny.Ids(1, 4),
            Tiny.Ids(4, 5),
            Tiny.Ids(9, 6),
            Tiny.Ids(2, 7),
            Tiny.Ids(9, 8),
        ];
        var features = Tiny.Features(2);
        var (first, second) = (features.narrow(0, 0, 4), features.narrow(0, 4, 4));

        var groups = TokenBatch.OfGroups(
            [(prompts[0], completions[..3]), (prompts[1], completions[3..])],
            model.Config,
            CPU
        );
        var rows = TokenBatch.OfSequences(
            [.. completions.Select((completion, i) => (prompts[i / 3], completion))],
            model.Config,
            CPU
        );
        var weights = Weights(completions.Sum(completion => completion.Length));
        var grouped = Run(model, groups, features, weights);
        var plain = Run(model, rows, cat([first, first, first, second, second, second]), weights);

        Assert.Equal(rows.TargetShape, groups.TargetShape);
        Tiny.Close(plain.Logprobs, grouped.Logprobs, 1e-5, "log-probabilities");
        Tiny.Close(plain.Gradient, grouped.Gradient, 1e-4, "gradients");
        Assert.Contains(plain.Gradient, value => Math.Abs(value) > 0.1);
    }

    [Fact]
    public void OfSequences_WithPadding_IsEachRowAlone()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        model.Parameters.EnableGradients(AllParts);
        var sequences = new (int[], int[])[]
        {
            (Tiny.Ids(3, 1), Tiny.Ids(2, 2)),
            (Tiny.Ids(12, 3), Tiny.Ids(8, 4)),
            (Tiny.Ids(1, 5), Tiny.Ids(1, 6)),
        };
        var weights = Weights(11);

        var together = Run(model, TokenBatch.OfSequences(sequences, model.Config, CPU), null, weights);
        var alone = new List<float>();
        var gradient = new float[together.Gradient.Length];
        foreach (var sequence in sequences)
        {
            var row = Run(
                model,
                TokenBatch.OfSequences([sequence], model.Config, CPU),
                null,
                weights[alone.Count..(alone.Count + sequence.Item2.Length)]
            );
            alone.AddRange(row.Logprobs);
            for (var i = 0; i < gradient.Length; i++)
                gradient[i] += row.Gradient[i];
        }

        Tiny.Close(alone.ToArray(), together.Logprobs, 1e-5, "log-probabilities");
        Tiny.Close(gradient, together.Gradient, 1e-4, "gradients");
    }

    [Fact]
    public void Padded_OfOneValueForEachTarget_LaysThemOutInRows()
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.OfSequences([([7, 8], [9, 10, 11]), ([7], [8])], Tiny.Config, CPU);
        Assert.Equal([1, 2, 3, 4, 0, 0], Tiny.Floats(batch.Padded(tensor(new[] { 1f, 2, 3, 4 }))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Forward_WithAnotherNumberOfFeaturesThanImageTokens_SaysBoth(int images)
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        var batch = TokenBatch.OfSequences(
            [(Tiny.PromptWithImage(2, 1), [9]), (Tiny.PromptWithImage(2, 2), [9])],
            model.Config,
            CPU
        );
        var error = Assert.Throws<ModelException>(() =>
            model.Forward(batch, images == 0 ? null : Tiny.Features(images))
        );
        Assert.Contains("8 image tokens", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{images * 4} image features", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_WithSwappedImages_ChangesTheResult()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        var batch = TokenBatch.OfSequences(
            [(Tiny.PromptWithImage(2, 1), [9]), (Tiny.PromptWithImage(2, 1), [9])],
            model.Config,
            CPU
        );
        var features = Tiny.Features(2);
        var swapped = cat([features.narrow(0, 4, 4), features.narrow(0, 0, 4)]);
        var straight = Tiny.Floats(model.Forward(batch, features));
        Assert.NotEqual(straight, Tiny.Floats(model.Forward(batch, swapped)));
        Assert.Equal(straight, Tiny.Floats(model.Forward(batch, features)));
    }
}
