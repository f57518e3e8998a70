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
                var item = Draw(++drawnSoFar, truth.Count);
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

    /// <summary>The intervals of what one model has over another that answered the same items: first − second.</summary>
    /// <param name="truth">[items], each the index of a label.</param>
    /// <param name="first">[items], each the index of a label, or the number of labels for "no label".</param>
    /// <param name="second">[items], of the model it is compared with.</param>
    /// <param name="labels">How many labels there are.</param>
    /// <exception cref="ArgumentException">No items, or lists of different lengths.</exception>
    /// <remarks>Items are drawn with both answers, so what makes an item easy for both cancels out.</remarks>
    public (Interval Accuracy, Interval MacroRecall) Difference(
        IReadOnlyList<int> truth,
        IReadOnlyList<int> first,
        IReadOnlyList<int> second,
        int labels
    )
    {
        if (truth.Count == 0 || truth.Count != first.Count || truth.Count != second.Count)
            throw new ArgumentException(
                $"A paired bootstrap needs two predictions per item and at least one item: {truth.Count} items, {first.Count} and {second.Count} predictions.",
                nameof(first)
            );
        var presentShare = (double)truth.Distinct().Count() / labels;
        var accuracies = new double[resamples];
        var macroRecalls = new double[resamples];
        var drawnSoFar = 0UL;
        for (var r = 0; r < resamples; r++)
        {
            var drawn = new int[labels];
            var more = new int[labels]; // right by the first alone, less right by the second alone
            for (var i = 0; i < truth.Count; i++)
            {
                var item = Draw(++drawnSoFar, truth.Count);
                var label = truth[item];
                drawn[label]++;
                more[label] += (label == first[item] ? 1 : 0) - (label == second[item] ? 1 : 0);
            }
            accuracies[r] = (double)more.Sum() / truth.Count;
            macroRecalls[r] =
                presentShare
                * drawn.Zip(more).Where(pair => pair.First > 0).Average(pair => (double)pair.Second / pair.First);
        }
        return (Middle95(accuracies), Middle95(macroRecalls));
    }

    // Hashes of a count: System.Random promises no fixed sequence between .NET versions.
    private int Draw(ulong number, int items) =>
        (int)Math.BigMul(SplitMix64.Mix(seed + (number * SplitMix64.GoldenGamma)), (ulong)items, out _);

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
