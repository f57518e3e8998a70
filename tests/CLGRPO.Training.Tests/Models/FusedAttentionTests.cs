using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

/// <summary>The GPU's attention against the processor's, both on the device of the test run.</summary>
public sealed class FusedAttentionTests
{
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    // Prompts of 5, 9 and 3 tokens, completions of 1 to 7: padding on both sides.
    private static readonly (int[] Prompt, IReadOnlyList<int[]> Completions)[] Groups =
    [
        (Tiny.Ids(5, 1), [Tiny.Ids(7, 2), Tiny.Ids(1, 3)]),
        (Tiny.Ids(9, 4), [Tiny.Ids(3, 5), Tiny.Ids(4, 6)]),
        (Tiny.Ids(3, 7), [Tiny.Ids(2, 8), Tiny.Ids(6, 9)]),
    ];

    [Theory]
    [InlineData(4, 2)]
    [InlineData(4, 4)]
    [InlineData(4, 1)]
    public void OfGroups_OnEitherPath_GivesTheSameStatesAndGradients(int heads, int keyValueHeads)
    {
        var config = Tiny.Config with
        {
            Language = Tiny.Config.Language with { Heads = heads, KeyValueHeads = keyValueHeads },
        };
        AssertSameOnBothPaths(config, () => TokenBatch.OfGroups(Groups, config, CPU), tiles: null);
    }

    [Fact]
    public void OfSequences_OnEitherPath_GivesTheSameStatesAndGradients() =>
        AssertSameOnBothPaths(
            Tiny.Config,
            () =>
                TokenBatch.OfSequences(
                    [.. Groups.Select(group => (group.Prompt, group.Completions[0]))],
                    Tiny.Config,
                    CPU
                ),
            tiles: null
        );

    [Fact]
    public void OfImages_OnEitherPath_GivesTheSameStatesAndGradients()
    {
        using var generator = new Generator(4);
        using var tiles = randn([2, 3, 16, 16], generator: generator);
        AssertSameOnBothPaths(
            Tiny.Config,
            () =>
                TokenBatch.OfSequences(
                    [(Tiny.PromptWithImage(3, 1), Tiny.Ids(4, 2)), (Tiny.PromptWithImage(6, 3), Tiny.Ids(2, 4))],
                    Tiny.Config,
                    CPU
                ),
            tiles
        );
    }

    [Fact]
    public void Suits_OnTheProcessor_OnlyWhileATestHoldsIt()
    {
        Assert.False(FusedAttention.Suits(CPU));
        using (FusedAttention.Always())
            Assert.True(FusedAttention.Suits(CPU));
        Assert.False(FusedAttention.Suits(CPU));
        Assert.True(FusedAttention.Suits(new Device(DeviceType.CUDA, 0)));
    }

    private static void AssertSameOnBothPaths(ModelConfig config, Func<TokenBatch> batch, Tensor? tiles)
    {
        using var scope = NewDisposeScope();
        using var manual = Tiny.Model(config: config);
        using var fused = Tiny.Model(config: config);
        var expected = StatesAndGradients(manual, batch, tiles);
        float[][] actual;
        using (FusedAttention.Always())
            actual = StatesAndGradients(fused, batch, tiles);
        Tiny.Close(expected[0], actual[0], 1e-5, "hidden states");
        Tiny.Close(expected[1], actual[1], 1e-4, "gradients");
        Assert.Contains(expected[1], gradient => Math.Abs(gradient) > 0.1f); // there was something to compare
    }

    private static float[][] StatesAndGradients(VisionLanguageModel model, Func<TokenBatch> batch, Tensor? tiles)
    {
        model.Parameters.EnableGradients(AllParts);
        var hidden = model.Forward(batch(), tiles is null ? null : model.ImageFeatures(tiles));
        hidden.square().sum().backward();
        return [Tiny.Floats(hidden), Tiny.Floats(model.Parameters.Gradients!)];
    }
}
