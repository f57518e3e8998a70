using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

/// <summary>What bfloat16 changes, and what it does not.</summary>
public sealed class PrecisionTests
{
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Backward_InBfloat16_PointsWhereFloat32Points(int microBatches)
    {
        var exact = Gradients(Precision.Fp32, microBatches);
        var rounded = Gradients(Precision.Bf16, microBatches);
        var cosine = Dot(exact, rounded) / Math.Sqrt(Dot(exact, exact) * Dot(rounded, rounded));
        Assert.InRange(cosine, 0.999, 1.001);
        Assert.InRange(Dot(rounded, rounded) / Dot(exact, exact), 0.98, 1.02);
    }

    private static double Dot(float[] one, float[] other) => one.Zip(other, (a, b) => (double)a * b).Sum();

    private static float[] Gradients(Precision precision, int microBatches)
    {
        using var model = Tiny.Model(precision: precision);
        model.Parameters.EnableGradients(AllParts);
        for (var i = 0; i < microBatches; i++)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)i);
            var batch = TokenBatch.OfSequences([(Tiny.PromptWithImage(3, i), Tiny.Ids(6, i + 9))], Tiny.Config, CPU);
            var head = new TokenLogprobs(model.Decoder.Head, headGradient: model.Decoder.HeadGradient);
            var features = model.ImageFeatures(randn([1, 3, 16, 16], generator: generator));
            var result = head.Forward(model.Forward(batch, features), batch.Targets);
            Assert.Equal(ScalarType.Float32, result.Logprobs.dtype);
            Assert.Equal(ScalarType.Float32, result.Entropies.dtype);
            result.Logprobs.sum().neg().backward();
            head.Backward(result);
            model.Parameters.SumGradients();
        }
        Assert.Equal(ScalarType.Float32, model.Parameters.GradientSums!.dtype);
        return Tiny.Floats(model.Parameters.GradientSums);
    }

    [Fact]
    public void SumGradients_OfManySmallGradients_LosesNone()
    {
        using var model = Tiny.Model(precision: Precision.Bf16);
        model.Parameters.EnableGradients(AllParts);
        for (var i = 0; i < 1000; i++)
        {
            model.Parameters.Gradients!.fill_(1f / 256);
            model.Parameters.SumGradients();
        }
        // A bfloat16 sum stands still at 1: an addend of 1/256 is below half of its last bit.
        Assert.All(Tiny.Floats(model.Parameters.GradientSums!), sum => Assert.Equal(1000f / 256, sum));
        Assert.All(Tiny.Floats(model.Parameters.Gradients!.to(ScalarType.Float32)), rest => Assert.Equal(0, rest));
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void EnableGradients_OfOnePart_TakesMemoryForItAlone(Precision precision)
    {
        using var model = Tiny.Model(precision: precision);
        model.Parameters.EnableGradients(new HashSet<ModelPart> { ModelPart.Projector });
        var count = model.Parameters.Parameters.Where(p => p.Part == ModelPart.Projector).Sum(p => p.Count);
        Assert.Equal(count, model.Parameters.Gradients!.numel());
        Assert.Equal(count, model.Parameters.GradientSums!.numel());
        Assert.Null(model.Decoder.HeadGradient);
    }

    // The sampler's log-probabilities against the trainer's: the same weights and numbers through the other code.
    [Fact]
    public void Sample_InBfloat16_GivesTheLogprobsThatTrainingComputes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model(precision: Precision.Bf16);
        using var sampler = new RolloutSampler(
            model,
            new SamplingConfig { Seed = 4 },
            new HashSet<int> { Tiny.StopToken },
            Tiny.Banned
        );
        int[][] prompts = [Tiny.PromptWithImage(3, 1), Tiny.PromptWithImage(7, 2)];
        var features = Tiny.Features(2).to(ScalarType.BFloat16);
        var sampled = sampler.Sample(
            [.. prompts.Select((ids, i) => new Prompt(ids, i, (ulong)i))],
            groupSize: 4,
            maxTokens: 12,
            some =>
                features.narrow(0, some[0].Sample * Tiny.Config.TokensPerTile, some.Count * Tiny.Config.TokensPerTile)
        );
        var batch = TokenBatch.OfGroups(
            [
                .. sampled.Select(group =>
                    (group.Prompt.Ids, (IReadOnlyList<int[]>)[.. group.Completions.Select(c => c.Ids)])
                ),
            ],
            model.Config,
            CPU
        );
        var trained = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, features), batch.Targets);
        float[] logprobs = [.. sampled.SelectMany(group => group.Completions.SelectMany(c => c.Logprobs))];
        // Logits of about 20 have a last bit of 1/8 in bfloat16; either side may round the other way.
        Tiny.Close(logprobs, Tiny.Floats(trained.Logprobs), 0.25, "log-probabilities");
        Assert.True(
            logprobs.Zip(Tiny.Floats(trained.Logprobs), (a, b) => Math.Abs(a - b)).Average() < 0.05,
            "The log-probabilities differ on average."
        );
    }
}
