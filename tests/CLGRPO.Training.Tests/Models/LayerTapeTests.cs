using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

/// <summary>Gradients with and without keeping the graph.</summary>
public sealed class LayerTapeTests
{
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    private static readonly ModelConfig Deep = Tiny.Config with
    {
        Vision = Tiny.Config.Vision with { Layers = 3 },
        Language = Tiny.Config.Language with { Layers = 3 },
    };

    [Theory]
    [InlineData(Precision.Fp32, true)]
    [InlineData(Precision.Fp32, false)]
    [InlineData(Precision.Bf16, true)]
    [InlineData(Precision.Bf16, false)]
    public void Backward_OfSequencesWithImages_GivesTheGradientsOfThePlainPathBitForBit(Precision precision, bool tied)
    {
        var config = Deep with { Language = Deep.Language with { TieEmbeddings = tied } };
        var plain = Gradients(config, precision, AllParts, tape: false);
        Assert.Equal(plain, Gradients(config, precision, AllParts, tape: true));
        Assert.Contains(plain, gradient => Math.Abs(gradient) > 0.01f); // there was something to compare
    }

    [Theory]
    [InlineData(ModelPart.Vision)]
    [InlineData(ModelPart.Projector)]
    [InlineData(ModelPart.Language)]
    public void Backward_WithOnePartTrained_GivesTheGradientsOfThePlainPathBitForBit(ModelPart part)
    {
        var plain = Gradients(Deep, Precision.Fp32, [part], tape: false);
        Assert.Equal(plain, Gradients(Deep, Precision.Fp32, [part], tape: true));
        Assert.Contains(plain, gradient => Math.Abs(gradient) > 1e-4f);
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void Backward_OfGroups_GivesTheGradientsOfThePlainPathBitForBit(Precision precision)
    {
        TokenBatch Batch() =>
            TokenBatch.OfGroups(
                [
                    (Tiny.Ids(5, 1), [Tiny.Ids(7, 2), Tiny.Ids(1, 3)]),
                    (Tiny.Ids(9, 4), [Tiny.Ids(3, 5), Tiny.Ids(4, 6)]),
                ],
                Deep,
                CPU
            );
        Assert.Equal(
            Gradients(Deep, precision, [ModelPart.Language], tape: false, Batch),
            Gradients(Deep, precision, [ModelPart.Language], tape: true, Batch)
        );
    }

    [Fact]
    public void Backward_Twice_LeavesNoTensor()
    {
        using var model = Tiny.Model(config: Deep);
        model.Parameters.EnableGradients(AllParts);
        Backward(model, tape: true, null);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Backward(model, tape: true, null);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static float[] Gradients(
        ModelConfig config,
        Precision precision,
        HashSet<ModelPart> parts,
        bool tape,
        Func<TokenBatch>? batch = null
    )
    {
        using var model = Tiny.Model(config: config, precision: precision);
        model.Parameters.EnableGradients(parts);
        Backward(model, tape, batch);
        return Tiny.Floats(model.Parameters.GradientSums!);
    }

    private static void Backward(VisionLanguageModel model, bool tape, Func<TokenBatch>? given)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var kept = tape ? new LayerTape() : null;
        var batch =
            given?.Invoke()
            ?? TokenBatch.OfSequences(
                [(Tiny.PromptWithImage(3, 1), Tiny.Ids(4, 2)), (Tiny.PromptWithImage(6, 3), Tiny.Ids(2, 4))],
                model.Config,
                CPU
            );
        var features = given is null ? model.ImageFeatures(randn([2, 3, 16, 16], generator: generator), kept) : null;
        var head = new TokenLogprobs(model.Decoder.Head, headGradient: model.Decoder.HeadGradient);
        var result = head.Forward(model.Forward(batch, features, kept), batch.Targets);
        result.Logprobs.sum().neg().backward();
        head.Backward(result);
        kept?.Backward();
        model.Parameters.SumGradients();
    }
}
