using CLGRPO.Training.Rollouts;
using TorchSharp;

namespace CLGRPO.Training.Grpo;

/// <summary>What is logged about the policy's movement; NaN where nothing was counted.</summary>
/// <param name="Entropy">Mean over tokens, in nats; <c>entropy</c>.</param>
/// <param name="KL">Mean k3 over tokens; <c>kl</c>.</param>
/// <param name="LowMean">Share stopped at the lower bound (ρ &lt; 1 − ε_low, A &lt; 0); <c>clip_ratio/low_mean</c>.</param>
/// <param name="LowMin">The smallest share of a completion; <c>clip_ratio/low_min</c>.</param>
/// <param name="HighMean">Share stopped at the upper bound (ρ &gt; 1 + ε_high, A &gt; 0); <c>clip_ratio/high_mean</c>.</param>
/// <param name="HighMax">The largest share of a completion; <c>clip_ratio/high_max</c>.</param>
/// <param name="RegionMean">Share stopped at either; <c>clip_ratio/region_mean</c>.</param>
public sealed record PolicyMetrics(
    double Entropy,
    double KL,
    double LowMean,
    double LowMin,
    double HighMean,
    double HighMax,
    double RegionMean
);

/// <summary>Adds up the metrics of micro-batches, weighted by tokens: however a step is cut, they come out the same.</summary>
public sealed class ClipMetrics(ClipRange clip)
{
    private readonly float _lower = (float)clip.Lower;
    private readonly float _upper = (float)clip.Upper;
    private double _low;
    private double _high;
    private long _counted;
    private double _lowMin = double.PositiveInfinity;
    private double _highMax = double.NegativeInfinity;
    private double _entropy;
    private long _entropyTokens;
    private double _divergence;
    private long _divergenceTokens;

    /// <summary>Counts one micro-batch.</summary>
    public void Add(GrpoBatch batch, GrpoLossShare share)
    {
        var mask = Read(batch.Mask);
        var perToken = share.Ratio.shape[1] == batch.Mask.shape[1];
        CountClipped(Read(share.Ratio), Read(batch.Advantages), mask, perToken);
        if (batch.Entropies is { } entropies)
        {
            AddActive(Read(entropies), mask, ref _entropy, ref _entropyTokens);
        }
        if (share.Divergence is { } divergence)
        {
            AddActive(Read(divergence), mask, ref _divergence, ref _divergenceTokens);
        }
    }

    /// <summary>Counts of several micro-batches, added up in their order: the sum does not depend on who was done first.</summary>
    public static ClipMetrics Sum(ClipRange clip, IEnumerable<ClipMetrics> parts)
    {
        var sum = new ClipMetrics(clip);
        foreach (var part in parts)
        {
            sum._low += part._low;
            sum._high += part._high;
            sum._counted += part._counted;
            sum._lowMin = Math.Min(sum._lowMin, part._lowMin);
            sum._highMax = Math.Max(sum._highMax, part._highMax);
            sum._entropy += part._entropy;
            sum._entropyTokens += part._entropyTokens;
            sum._divergence += part._divergence;
            sum._divergenceTokens += part._divergenceTokens;
        }
        return sum;
    }

    /// <summary>The metrics of everything counted so far.</summary>
    public PolicyMetrics Result() =>
        new(
            _entropy / _entropyTokens,
            _divergence / _divergenceTokens,
            _low / _counted,
            double.IsFinite(_lowMin) ? _lowMin : double.NaN,
            _high / _counted,
            double.IsFinite(_highMax) ? _highMax : double.NaN,
            (_low + _high) / _counted // a token is never stopped at both
        );

    /// <summary>Of each completion of a micro-batch the tokens that the clip stopped; all of them where a sequence has one ratio.</summary>
    internal IReadOnlyList<StoppedTokens> Stopped(GrpoBatch batch, GrpoLossShare share)
    {
        var (ratio, advantages, mask) = (Read(share.Ratio), Read(batch.Advantages), Read(batch.Mask));
        var (width, ratios) = (mask.Length / advantages.Length, ratio.Length / advantages.Length);
        float RatioAt(int row, int column) => ratio[(row * ratios) + (ratios == width ? column : 0)];
        int[] Places(int row, Func<float, bool> stops) =>
            [
                .. Enumerable
                    .Range(0, width)
                    .Where(column => mask[(row * width) + column] != 0 && stops(RatioAt(row, column))),
            ];
        return
        [
            .. advantages.Select(
                (advantage, row) =>
                    new StoppedTokens(
                        advantage < 0 ? Places(row, at => at < _lower) : [],
                        advantage > 0 ? Places(row, at => at > _upper) : []
                    )
            ),
        ];
    }

    // ratio: [B, T], or [B, 1] when a sequence has one ratio and counts once.
    private void CountClipped(float[] ratio, float[] advantages, float[] mask, bool perToken)
    {
        for (var row = 0; row < advantages.Length; row++)
        {
            var width = mask.Length / advantages.Length;
            var (low, high, counted) = (0, 0, 0);
            for (var column = 0; column < (perToken ? width : 1); column++)
            {
                var at = perToken ? (row * width) + column : row;
                if (!perToken || mask[at] != 0)
                {
                    low += ratio[at] < _lower && advantages[row] < 0 ? 1 : 0;
                    high += ratio[at] > _upper && advantages[row] > 0 ? 1 : 0;
                    counted++;
                }
            }
            Count(low, high, counted);
        }
    }

    private void Count(int low, int high, int counted)
    {
        if (counted == 0)
        {
            return;
        }
        _low += low;
        _high += high;
        _counted += counted;
        _lowMin = Math.Min(_lowMin, (double)low / counted);
        _highMax = Math.Max(_highMax, (double)high / counted);
    }

    private static void AddActive(float[] values, float[] mask, ref double sum, ref long tokens)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (mask[i] != 0)
            {
                sum += values[i];
                tokens++;
            }
        }
    }

    private static float[] Read(torch.Tensor tensor)
    {
        using var copy = tensor.detach().to(torch.float32).cpu().contiguous();
        return copy.data<float>().ToArray();
    }
}
