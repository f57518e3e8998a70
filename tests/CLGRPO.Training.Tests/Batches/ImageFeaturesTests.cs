using CLGRPO.Training.Batches;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Tests.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Batches;

public sealed class ImageFeaturesTests(TinyEmoScenes data)
{
    // A resumed run computes an image in another company than the run before; its bits must not tell.
    [Fact]
    [Trait("Id", "REL-RESUME-1")]
    public void Of_InAnyCompany_GivesAKeptImageTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        float[] Of(params int[] samples)
        {
            using var features = new ImageFeatures(stage.Split, frozen: true);
            return Tiny.Floats(features.Of(stage.Model.Model, samples));
        }
        var alone = Of(3);
        foreach (var company in new[] { 2, 3, 5, 13, 40 })
        {
            var together = Of([.. Enumerable.Range(10, company - 1), 3]);
            Assert.Equal(alone, together[^alone.Length..]);
        }
    }

    [Fact]
    public void Of_AgainWhileFrozen_IsWhatWasComputedFirst()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        using var features = new ImageFeatures(stage.Split, frozen: true);
        var first = Tiny.Floats(features.Of(stage.Model.Model, [1, 2, 1]));
        stage.Model.Model.Parameters.Weights.zero_();
        Assert.Equal(first, Tiny.Floats(features.Of(stage.Model.Model, [1, 2, 1])));
        Assert.Equal(first[..(first.Length / 3)], first[(first.Length / 3 * 2)..]);
    }

    [Fact]
    public void Of_BeyondTheMemoryLimit_KeepsTheFirstAndComputesTheOthersAgain()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        var config = stage.Model.Model.Config;
        long oneImage = config.TokensPerTile * config.FeatureSize * sizeof(float);
        using var features = new ImageFeatures(stage.Split, frozen: true, memoryBytes: oneImage + 1);
        var first = Tiny.Floats(features.Of(stage.Model.Model, [1, 2]));
        stage.Model.Model.Parameters.Weights.zero_();
        var second = Tiny.Floats(features.Of(stage.Model.Model, [1, 2]));
        Assert.Equal(first[..(first.Length / 2)], second[..(first.Length / 2)]);
        Assert.NotEqual(first[(first.Length / 2)..], second[(first.Length / 2)..]);
    }
}
