namespace CLGRPO.Training.Evaluation;

/// <summary>How well predicted labels match the true ones.</summary>
/// <remarks>
/// A prediction equal to the number of labels means "no label": the completion named none. It is wrong, and no label's false positive.
/// Where a quotient has no denominator (a label never predicted, or absent from the truth) it counts as 0, as in scikit-learn with zero_division = 0.
/// </remarks>
public sealed class ClassificationReport
{
    private readonly int[][] _confusion;

    /// <summary>Counts truth against prediction.</summary>
    /// <param name="truth">[items], each the index of a label.</param>
    /// <param name="predicted">[items], each the index of a label, or the number of labels for "no label".</param>
    /// <param name="labels">How many labels there are.</param>
    /// <exception cref="ArgumentException">No items, or lists of different lengths.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is no label.</exception>
    public ClassificationReport(IReadOnlyList<int> truth, IReadOnlyList<int> predicted, int labels)
    {
        Check(truth, predicted, labels);
        _confusion = [.. Enumerable.Range(0, labels + 1).Select(_ => new int[labels + 1])];
        for (var i = 0; i < truth.Count; i++)
        {
            _confusion[truth[i]][predicted[i]]++;
        }
        Items = truth.Count;
        var rows = Enumerable.Range(0, labels).ToList();
        Support = [.. rows.Select(label => _confusion[label].Sum())];
        var predictions = rows.Select(label => _confusion.Sum(row => row[label])).ToList();
        Recall = [.. rows.Select(label => Ratio(_confusion[label][label], Support[label]))];
        Precision = [.. rows.Select(label => Ratio(_confusion[label][label], predictions[label]))];
        F1 = [.. rows.Select(label => Ratio(2 * _confusion[label][label], Support[label] + predictions[label]))];
        Accuracy = Ratio(rows.Sum(label => _confusion[label][label]), Items);
    }

    /// <summary>How many items were classified.</summary>
    public int Items { get; }

    /// <summary>The share of items with the right label.</summary>
    public double Accuracy { get; }

    /// <summary>The mean of all labels' recalls; a label absent from the truth counts as 0.</summary>
    public double MacroRecall => Recall.Average();

    /// <summary>The mean of the recalls of the labels that occur in the truth.</summary>
    public double MacroRecallOfPresentLabels => Recall.Where((_, label) => Support[label] > 0).Average();

    /// <summary>The mean of all labels' F1.</summary>
    public double MacroF1 => F1.Average();

    /// <summary>[labels], how many items truly have the label.</summary>
    public IReadOnlyList<int> Support { get; }

    /// <summary>[labels], the share of the label's items that were found.</summary>
    public IReadOnlyList<double> Recall { get; }

    /// <summary>[labels], the share of the label's predictions that were right.</summary>
    public IReadOnlyList<double> Precision { get; }

    /// <summary>[labels], the harmonic mean of precision and recall.</summary>
    public IReadOnlyList<double> F1 { get; }

    /// <summary>[labels + 1, labels + 1], truth by row, prediction by column; the last column is "no label", the last row empty.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Confusion => _confusion;

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : (double)part / whole;

    private static void Check(IReadOnlyList<int> truth, IReadOnlyList<int> predicted, int labels)
    {
        if (truth.Count == 0 || truth.Count != predicted.Count)
        {
            throw new ArgumentException(
                $"A classification report needs one prediction per item and at least one item: {truth.Count} items, {predicted.Count} predictions.",
                nameof(predicted)
            );
        }
        foreach (var label in truth.Where(label => label < 0 || label >= labels))
        {
            throw new ArgumentOutOfRangeException(nameof(truth), label, $"A true label is 0 to {labels - 1}.");
        }
        foreach (var label in predicted.Where(label => label < 0 || label > labels))
        {
            throw new ArgumentOutOfRangeException(
                nameof(predicted),
                label,
                $"A prediction is a label, 0 to {labels - 1}, or {labels} for “no label”."
            );
        }
    }
}
