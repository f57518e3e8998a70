using CLGRPO.Data.Randomness;

namespace CLGRPO.Data.Reviews;

/// <summary>A coefficient with its interval; null is "not defined", never 0 or 1.</summary>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="Items">Items that at least two people judged.</param>
public sealed record Estimate(double? Value, double? Low, double? High, int Items);

/// <summary>
/// A coefficient that is a function of sums over items, as all of <see cref="Agreement"/> are: each item adds a few numbers, so that
/// drawing items again costs additions only.
/// </summary>
/// <param name="items">[items][parts], what each item adds.</param>
/// <param name="coefficient">Of the sums; null where it is not defined.</param>
public sealed class AdditiveStatistic(IReadOnlyList<double[]> items, Func<double[], double?> coefficient)
{
    public const int Resamples = 1_000;
    private const double Tail = 0.025;

    /// <summary>Null where it is not defined.</summary>
    public double? Value => items.Count == 0 ? null : coefficient(Sum(Enumerable.Range(0, items.Count)));

    /// <summary>The value with a percentile interval over items drawn with replacement; the same items give the same interval.</summary>
    /// <remarks>
    /// Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. Draws for which the coefficient is not defined are left
    /// out; where they are more than half there is no interval.
    /// </remarks>
    public Estimate Bootstrap(int comparable, int resamples = Resamples)
    {
        if (Value is not { } value)
            return new Estimate(null, null, null, comparable);
        var drawn = new List<double>(resamples);
        var state = 0UL;
        for (var i = 0; i < resamples; i++)
        {
            if (coefficient(Sum(Enumerable.Range(0, items.Count).Select(_ => Draw()))) is { } again)
                drawn.Add(again);
        }
        if (items.Count < 2 || drawn.Count * 2 < resamples)
            return new Estimate(value, null, null, comparable);
        drawn.Sort();
        return new Estimate(value, Quantile(drawn, Tail), Quantile(drawn, 1 - Tail), comparable);

        int Draw()
        {
            state += SplitMix64.GoldenGamma;
            return (int)Math.BigMul(SplitMix64.Mix(state), (ulong)items.Count, out _);
        }
    }

    private double[] Sum(IEnumerable<int> chosen)
    {
        var sum = new double[items[0].Length];
        foreach (var i in chosen)
        {
            var parts = items[i];
            for (var k = 0; k < sum.Length; k++)
                sum[k] += parts[k];
        }
        return sum;
    }

    /// <summary>With linear interpolation between order statistics.</summary>
    private static double Quantile(List<double> sorted, double share)
    {
        var place = share * (sorted.Count - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}
