using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

public sealed class LoraAdaptersTests
{
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    /// <summary>Targets in every part; of queries, keys and values only the outer two.</summary>
    private static readonly LoraConfig Config = new()
    {
        Rank = 3,
        Alpha = 6,
        Targets = ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj", "projection_layer", "fc1", "linear_2"],
    };

    /// <summary>[tokens, vocabulary]: logits of a prompt with an image, through every part.</summary>
    private static Tensor Logits(VisionLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var batch = TokenBatch.OfSequences(
            [(Tiny.PromptWithImage(5, seed: 2), Tiny.Ids(6, seed: 3))],
            model.Config,
            CPU
        );
        var tiles = randn([1, 3, Tiny.Config.Vision.ImageSize, Tiny.Config.Vision.ImageSize], generator: generator);
        var hidden = model.Forward(batch, model.ImageFeatures(tiles));
        return nn.functional.linear(hidden, model.Decoder.Head).MoveToOuterDisposeScope();
    }

    /// <summary>Adapters as they are after some steps: B is no longer zero.</summary>
    private static LoraAdapters Trained(VisionLanguageModel model, LoraConfig? config = null, long seed = 7)
    {
        var adapters = model.Attach(config ?? Config, AllParts, seed);
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var up in adapters.Parameters.Parameters.Where(p => p.Initialization == Initialization.AdapterUp))
        {
            using var noise = randn(up.Shape, generator: generator);
            up.Value.copy_(noise).mul_(0.2);
        }
        return adapters;
    }

    [Fact]
    public void Attach_FreshAdapters_ChangeNoBitOfTheLogits()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        var before = Tiny.Floats(Logits(model));

        model.Attach(Config, AllParts, seed: 1);

        Assert.Equal(before, Tiny.Floats(Logits(model)));
    }

    [Fact]
    public void Attach_FreshAdapters_HavePeftsInitialValues()
    {
        using var model = Tiny.Model();
        var adapters = model.Attach(Config, AllParts, seed: 1);
        var (downs, ups) = (0, 0);
        foreach (var parameter in adapters.Parameters.Parameters)
        {
            var values = Tiny.Floats(parameter.Value);
            if (parameter.Initialization == Initialization.AdapterUp)
            {
                Assert.All(values, value => Assert.Equal(0, value));
                ups++;
                continue;
            }
            var bound = 1 / Math.Sqrt(parameter.Shape[1]);
            Assert.All(values, value => Assert.InRange(value, -bound, bound));
            var variance = values.Average(value => (double)value * value);
            Assert.InRange(variance / (bound * bound / 3), 0.6, 1.4); // a uniform distribution's
            downs++;
        }
        // Language: qv, o, up, down in each of two layers; vision: qv, projection, fc1; projector: one.
        Assert.Equal(((4 * 2) + 3 + 1, (5 * 2) + 4 + 1), (downs, ups));
        Assert.All(adapters.Parameters.Segments, segment => Assert.True(segment.Decays));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Merge_OfTrainedAdapters_GivesTheSameLogitsAndThenTheBaseBack(bool rankStabilized)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        var (weights, plain) = (Tiny.Floats(model.Parameters.Weights), Tiny.Floats(Logits(model)));
        var adapters = Trained(model, Config with { RankStabilized = rankStabilized });
        using var unadapted = model.WithoutAdapters();
        var adapted = Tiny.Floats(Logits(model));
        Assert.True(Distance(plain, adapted) > 0.1, "The adapters do nothing.");

        using (adapters.Merge())
        {
            Tiny.Close(adapted, Tiny.Floats(Logits(model)), 2e-4, "merged");
            Assert.Throws<InvalidOperationException>(adapters.Merge);
        }

        Assert.Equal(weights, Tiny.Floats(model.Parameters.Weights));
        Assert.Equal(adapted, Tiny.Floats(Logits(model)));
        Assert.Equal(plain, Tiny.Floats(Logits(unadapted)));
    }

    [Fact]
    public void Share_OfAnAdaptedModel_SeesItsValuesAndItsMerging()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        var adapters = Trained(model);
        using var shared = model.Share();
        Assert.Equal(Tiny.Floats(Logits(model)), Tiny.Floats(Logits(shared)));

        using (adapters.Merge())
            Assert.Equal(Tiny.Floats(Logits(model)), Tiny.Floats(Logits(shared)));

        adapters.Parameters.Weights.mul_(0.5);
        Assert.Equal(Tiny.Floats(Logits(model)), Tiny.Floats(Logits(shared)));
    }

    [Fact]
    public void Backward_ThroughAdapters_IsTheSlopeOfTheLossAndLeavesTheBaseAlone()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        var adapters = Trained(model);
        adapters.Parameters.EnableGradients(AllParts);
        Loss(model).backward();
        Assert.Null(model.Parameters.Gradients);
        Assert.All(model.Parameters.Parameters, parameter => Assert.False(parameter.Value.requires_grad));

        using var noGrad = no_grad();
        foreach (var parameter in adapters.Parameters.Parameters)
        {
            // Along its own gradient the loss rises by the gradient's norm.
            var gradient = parameter.Value.grad!;
            var norm = gradient.norm().item<float>();
            Assert.True(norm > 0, $"{parameter.Stored[0].Name} gets no gradient.");
            var step = gradient * (1e-2 / norm);
            parameter.Value.add_(step);
            var above = Loss(model).item<float>();
            parameter.Value.sub_(step * 2);
            var below = Loss(model).item<float>();
            parameter.Value.add_(step);
            Assert.Equal(norm, (above - below) / 2e-2, 0.02 * norm + 1e-3);
        }
    }

    private static Tensor Loss(VisionLanguageModel model) => Logits(model).log_softmax(-1).select(1, 9).mean();

    // InternVL2.5-1B under its own LoRA script: 24 layers of r · (in + out) over seven matrices; reference/internvl.md §4, §10.
    [Fact]
    public void CountElements_IsWhatAttachAllocates()
    {
        using var model = Tiny.Model();
        var adapters = model.Attach(Config, AllParts, seed: 1);
        Assert.Equal(adapters.Parameters.Count, LoraAdapters.CountElements(model.Config, Config, AllParts));
        Assert.Equal(
            8_798_208,
            LoraAdapters.CountElements(
                ModelPreset.Find("internvl2_5-1b"),
                new LoraConfig(),
                new HashSet<ModelPart> { ModelPart.Language }
            )
        );
    }

    [Fact]
    public void Attach_TargetsThatAPartLacks_NamesPartAndChoices()
    {
        using var model = Tiny.Model();
        var error = Assert.Throws<ModelException>(() =>
            model.Attach(new LoraConfig(), new HashSet<ModelPart> { ModelPart.Projector, ModelPart.Language }, seed: 1)
        );
        Assert.Contains(
            "name no matrix of Projector; there are linear_1, linear_2",
            error.Message,
            StringComparison.Ordinal
        );
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
}
