using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>
/// Prompts of requests that come in together: one batch through vision tower and decoder. A row of it differs from the same row alone by
/// float32 rounding; no padding is ever seen.
/// </summary>
internal static class ServedPrompts
{
    /// <summary>Computes the prompts into the cache.</summary>
    /// <param name="rows">One of each request.</param>
    /// <returns>[requests, vocabulary]: logits of the first tokens.</returns>
    public static Tensor Logits(VisionLanguageModel model, DecodeCache cache, IReadOnlyList<ServedRow> rows)
    {
        int[][] prompts = [.. rows.Select(row => row.Row.Prompt.Ids)];
        var slots = tensor([.. rows.Select(row => (long)row.Row.PromptSlot)]).to(model.Device);
        var attention = new PrefillAttention(cache, slots, prompts.Max(ids => ids.Length));
        var features = Features(model, [.. rows.Select(row => row.Request)]);
        var batch = TokenBatch.OfPrompts(prompts, model.Config, attention, model.Device);
        return nn.functional.linear(model.Forward(batch, features), model.Decoder.Head);
    }

    /// <returns>[image tokens, feature size]; null where no request has an image.</returns>
    private static Tensor? Features(VisionLanguageModel model, IReadOnlyList<ServedRequest> requests)
    {
        List<ServedRequest> withImages = [.. requests.Where(request => request.Input.Images.Count > 0)];
        if (withImages.Count == 0)
            return null;
        var features = model.ImageFeatures(
            cat([.. withImages.Select(request => request.Input.Tiles()!)]).to(model.Device)
        );
        var first = 0L;
        foreach (var request in withImages)
        {
            var count = (long)request.Input.Images.Sum(image => image.TileCount) * model.Config.TokensPerTile;
            if (request.Asked.LabelProbabilities)
                request.Features = features.narrow(0, first, count).clone().DetachFromDisposeScope();
            first += count;
        }
        return features;
    }
}
