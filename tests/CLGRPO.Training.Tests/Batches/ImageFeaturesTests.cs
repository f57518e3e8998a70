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
    public void Of_MoreThanMemoryHolds_GivesTheSameFeatures()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        using var plenty = new ImageFeatures(stage.Split, frozen: true);
        using var little = new ImageFeatures(stage.Split, frozen: true, memoryBytes: 1);
        foreach (
            int[] samples in (int[][])
                [
                    [1, 2],
                    [2, 3, 2],
                    [1],
                ]
        )
            Assert.Equal(
                Tiny.Floats(plenty.Of(stage.Model.Model, samples)),
                Tiny.Floats(little.Of(stage.Model.Model, samples))
            );
    }

    [Fact]
    public void Of_FullMemory_ForgetsTheImageUsedLongestAgo()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        using var features = new ImageFeatures(stage.Split, frozen: true, memoryBytes: 2 * BytesOfOne(stage));
        var kept = Tiny.Floats(features.Of(stage.Model.Model, [1]));
        _ = features.Of(stage.Model.Model, [2]);
        _ = features.Of(stage.Model.Model, [1]);
        _ = features.Of(stage.Model.Model, [3]); // 2 makes way, 1 was used since
        stage.Model.Model.Parameters.Weights.zero_();
        Assert.Equal(kept, Tiny.Floats(features.Of(stage.Model.Model, [1])));
        Assert.All(Tiny.Floats(features.Of(stage.Model.Model, [2])), value => Assert.Equal(0, value));
    }

    private static long BytesOfOne(TinyStage stage) =>
        sizeof(float) * stage.Model.Model.Config.TokensPerTile * stage.Model.Model.Config.FeatureSize;
}
