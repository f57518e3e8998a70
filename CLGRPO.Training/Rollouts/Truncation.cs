using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>Cuts the unlikely end of a distribution off: top_k, then top_p, then min_p, each over what the one before left.</summary>
/// <remarks>Step for step transformers' TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper; at least one token stays.</remarks>
internal static class Truncation
{
    /// <param name="scores">[B, V]; scaled logits, −∞ where banned.</param>
    /// <returns>[B, V]; −∞ where cut off.</returns>
    public static Tensor Apply(Tensor scores, SamplingConfig config)
    {
        if (config.TopK > 0)
        {
            scores = TopK(scores, (int)Math.Min(config.TopK, scores.shape[1]));
        }
        if (config.TopP < 1)
        {
            scores = TopP(scores, config.TopP);
        }
        return config.MinP > 0 ? MinP(scores, config.MinP) : scores;
    }

    private static Tensor TopK(Tensor scores, int k)
    {
        var least = scores.topk(k).values.narrow(1, k - 1, 1);
        return scores.masked_fill(scores.lt(least), float.NegativeInfinity);
    }

    // In rising order everything goes whose running sum stays within 1 − p; the last, most likely token always stays.
    private static Tensor TopP(Tensor scores, double p)
    {
        var (rising, order) = scores.sort(-1);
        var cut = rising.softmax(-1).cumsum(-1).le(1 - p);
        cut.narrow(1, cut.shape[1] - 1, 1).zero_();
        return scores.masked_fill(cut.scatter(1, order, cut), float.NegativeInfinity);
    }

    private static Tensor MinP(Tensor scores, double share)
    {
        var probabilities = scores.softmax(-1);
        var least = probabilities.amax([-1], keepdim: true) * share;
        return scores.masked_fill(probabilities.lt(least), float.NegativeInfinity);
    }
}
