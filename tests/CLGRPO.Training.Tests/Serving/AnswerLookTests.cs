using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Serving;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Serving;

public sealed class AnswerLookTests
{
    private const float Difference = 0.02f;

    [Fact]
    public void Of_AnAnswer_IsGradientTimesInputByFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        using var model = TinyServing.Model();
        var input = TinyServing.Input(model, "why?", TinyServing.Picture(1));
        int[] completion = [.. model.Tokenizer.Encode("<think>x</think><answer>joy</answer>")];

        var map = Assert.Single(AnswerLook.Of(model, input, completion)!);

        var side = model.Model.Config.Vision.PatchesPerSide;
        Assert.Equal((side, side), (map.Rows, map.Columns));
        Assert.Equal(1, map.Values.Max(), 1e-6);
        var largest = map.Values.ToList().IndexOf(1);
        var tiles = Tiny.Floats(input.Tiles()!);
        double Expected(int patch) => Patch(model, input, completion, tiles, patch % side, patch / side);
        var scale = Expected(largest);
        foreach (var patch in (int[])[0, 5, (largest + 7) % (side * side)])
            Assert.Equal(Expected(patch) / scale, map.Values[patch], 0.02);
    }

    [Fact]
    public void Of_AWidePicture_CoversTilesAndThumbnail()
    {
        using var model = TinyServing.Model();
        var input = TinyServing.Input(model, "why?", TinyServing.Picture(2, wide: true), TinyServing.Picture(3));
        int[] completion = [.. model.Tokenizer.Encode("<answer>fear")];

        var maps = AnswerLook.Of(model, input, completion)!;

        Assert.Equal([(4, 8), (4, 4)], maps.Select(map => (map.Rows, map.Columns)));
        Assert.All(maps.SelectMany(map => map.Values), value => Assert.InRange(value, 0, 1));
    }

    [Theory]
    [InlineData("no answer", true)]
    [InlineData("<answer>", true)]
    [InlineData("<answer>joy</answer>", false)]
    public void Of_WithoutAnAnswerOrAPicture_IsNothing(string written, bool withImage)
    {
        using var model = TinyServing.Model();
        var input = TinyServing.Input(model, "why?", withImage ? [TinyServing.Picture(1)] : []);

        Assert.Null(AnswerLook.Of(model, input, [.. model.Tokenizer.Encode(written)]));
    }

    /// <summary>Σ |value · slope| over a patch's pixels and channels, the slope by a central difference.</summary>
    private static double Patch(
        PretrainedModel model,
        ChatInput input,
        int[] completion,
        float[] tiles,
        int column,
        int row
    )
    {
        var vision = model.Model.Config.Vision;
        var sum = 0.0;
        for (var channel = 0; channel < 3; channel++)
        {
            for (var y = row * vision.PatchSize; y < (row + 1) * vision.PatchSize; y++)
            {
                for (var x = column * vision.PatchSize; x < (column + 1) * vision.PatchSize; x++)
                {
                    var at = (((channel * vision.ImageSize) + y) * vision.ImageSize) + x;
                    var value = tiles[at];
                    tiles[at] = value + Difference;
                    var above = Answer(model, input, completion, tiles);
                    tiles[at] = value - Difference;
                    var below = Answer(model, input, completion, tiles);
                    tiles[at] = value;
                    sum += Math.Abs(value * (above - below) / (2 * Difference));
                }
            }
        }
        return sum;
    }

    /// <summary>Log-probability of the answer's tokens, closing tag not included, given all before them.</summary>
    private static double Answer(PretrainedModel model, ChatInput input, int[] completion, float[] tiles)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var size = model.Model.Config.Vision.ImageSize;
        var place = AnswerPlace.Of(model.Tokenizer, completion)!;
        var features = model.Model.ImageFeatures(tensor(tiles, [1, 3, size, size]));
        int[] before = [.. input.Ids, .. completion.Take(place.First)];
        int[] answer = completion[place.First..place.End];
        var batch = TokenBatch.OfSequences([(before, answer)], model.Model.Config, CPU);
        var logits = nn.functional.linear(model.Model.Forward(batch, features), model.Model.Decoder.Head);
        return logits.log_softmax(-1).gather(1, batch.Targets.unsqueeze(1)).sum().item<float>();
    }
}
