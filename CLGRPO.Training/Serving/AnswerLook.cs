using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>
/// What of the images an answer rests on: gradient × input of the answer's log-probability, given the reasoning that was
/// written, summed over each patch. It shows what the number depends on, not what the model "thought".
/// Source: Simonyan et al., arXiv:1312.6034; Shrikumar et al., arXiv:1605.01713.
/// </summary>
internal static class AnswerLook
{
    /// <param name="completion">What was written.</param>
    /// <returns>One map for each image; null: there is no answer, or no image.</returns>
    public static IReadOnlyList<LookMap>? Of(PretrainedModel model, ChatInput input, IReadOnlyList<int> completion)
    {
        if (input.Images.Count == 0 || AnswerPlace.Of(model.Tokenizer, completion) is not { } place)
            return null;
        if (place.End <= place.First)
            return null;
        using var scope = NewDisposeScope();
        var tiles = input.Tiles()!.to(model.Model.Device).requires_grad_();
        SendBack(model.Model, input.Ids, [.. completion.Take(place.End)], place.First, tiles);
        var side = model.Model.Config.Vision.PatchesPerSide;
        var patches = PerPatch(tiles.grad!.detach().mul(tiles.detach()), side).cpu().data<float>().ToArray();
        var maps = new List<LookMap>();
        var first = 0;
        foreach (var image in input.Images)
        {
            maps.Add(Whole(image, patches.AsSpan(first * side * side, image.TileCount * side * side), side));
            first += image.TileCount;
        }
        return maps;
    }

    /// <summary>Leaves in <paramref name="tiles"/> the gradient of the answer's log-probability.</summary>
    private static void SendBack(VisionLanguageModel model, int[] prompt, int[] completion, int first, Tensor tiles)
    {
        var tape = new LayerTape();
        var features = model.ImageFeatures(tiles, tape);
        var batch = TokenBatch.OfSequences([(prompt, completion)], model.Config, model.Device);
        var count = completion.Length - first;
        var logprobs = new TokenLogprobs(model.Decoder.Head);
        var result = logprobs.Forward(
            model.Forward(batch, features, tape).narrow(0, first, count),
            batch.Targets.narrow(0, first, count)
        );
        result.Logprobs.sum().backward();
        logprobs.Backward(result);
        tape.Backward();
    }

    /// <param name="values">[tiles, 3, size, size].</param>
    /// <returns>[tiles, side, side]: the absolute sum over each patch.</returns>
    private static Tensor PerPatch(Tensor values, long side)
    {
        var (tiles, patch) = (values.shape[0], values.shape[2] / side);
        return values.abs().view(tiles, 3, side, patch, side, patch).sum([1, 3, 5]).to(ScalarType.Float32).contiguous();
    }

    /// <summary>The tiles laid side by side, and the thumbnail, which shows the whole picture, spread over them.</summary>
    private static LookMap Whole(TiledImage image, ReadOnlySpan<float> patches, int side)
    {
        var (columns, rows) = (image.Grid.Columns * side, image.Grid.Rows * side);
        var values = new float[rows * columns];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var tile = (row / side * image.Grid.Columns) + (column / side);
                var value = patches[(((tile * side) + (row % side)) * side) + (column % side)];
                if (image.TileCount > image.Grid.Tiles)
                {
                    var inThumbnail = (row / image.Grid.Rows * side) + (column / image.Grid.Columns);
                    value += patches[(image.Grid.Tiles * side * side) + inThumbnail] / image.Grid.Tiles;
                }
                values[(row * columns) + column] = value;
            }
        }
        var largest = values.Max();
        if (largest > 0)
            values = Array.ConvertAll(values, value => value / largest);
        return new LookMap(rows, columns, values);
    }
}
