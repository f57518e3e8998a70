using CLGRPO.Data.Randomness;

namespace CLGRPO.Training.Evaluation;

/// <summary>Percentile bootstrap: 95 % intervals from resampling the items with replacement.</summary>
/// <remarks>Source: Efron and Tibshirani 1993, chapter 13. The same seed gives the same intervals on every machine.</remarks>
public sealed class Bootstrap(int resamples = 2000, ulong seed = 0)
{
    /// <summary>The intervals of accuracy and macro recall, as <see cref="ClassificationReport"/> defines them.</summary>
    /// <param name="truth">[items], each the index of a label.</param>
    /// <param name="predicted">[items], each the index of a label, or the number of labels for "no label".</param>
    /// <param name="labels">How many labels there are.</param>
    /// <exception cref="ArgumentException">No items, or lists of different lengths.</exception>
    /// <remarks>A label that occurs in the truth but not in a resample is left out of that resample's mean.</remarks>
    public (Interval Accuracy, Interval MacroRecall) Classification(
        IReadOnlyList<int> truth,
        IReadOnlyList<int> predicted,
        int labels
    )
    {
        if (truth.Count == 0 || truth.Count != predicted.Count)
        {
            throw new ArgumentException(
                $"A bootstrap needs one prediction per item and at least one item: {truth.Count} items, {predicted.Count} predictions.",
                nameof(predicted)
            );
        }
        var presentShare = (double)truth.Distinct().Count() / labels;
        var accuracies = new double[resamples];
        var macroRecalls = new double[resamples];
        var drawnSoFar = 0UL;
        for (var r = 0; r < resamples; r++)
        {
            var drawn = new int[labels];
            var right = new int[labels];
            for (var i = 0; i < truth.Count; i++)
            {
                // Hashes of a count: System.Random promises no fixed sequence between .NET versions.
                var bits = SplitMix64.Mix(seed + (++drawnSoFar * SplitMix64.GoldenGamma));
                var item = (int)Math.BigMul(bits, (ulong)truth.Count, out _);
                drawn[truth[item]]++;
                right[truth[item]] += truth[item] == predicted[item] ? 1 : 0;
            }
            accuracies[r] = (double)right.Sum() / truth.Count;
            macroRecalls[r] =
                presentShare
                * drawn.Zip(right).Where(pair => pair.First > 0).Average(pair => (double)pair.Second / pair.First);
        }
        return (Middle95(accuracies), Middle95(macroRecalls));
    }

    private static Interval Middle95(double[] values)
    {
        Array.Sort(values);
        return new Interval(Quantile(values, 0.025), Quantile(values, 0.975));
    }

    // Linear between the two nearest order statistics, as numpy.quantile does.
    private static double Quantile(double[] sorted, double share)
    {
        var position = share * (sorted.Length - 1);
        var low = (int)position;
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((position - low) * (sorted[high] - sorted[low]));
    }
}
