namespace CLGRPO.Training.Evaluation;

/// <summary>Several checkpoints on the same images: the paper's main table for any set of them.</summary>
/// <param name="Labels">The labels' names.</param>
/// <param name="Images">How many images every checkpoint was asked about.</param>
/// <param name="Rows">In the order in which they were given.</param>
public sealed record CheckpointTable(IReadOnlyList<string> Labels, int Images, IReadOnlyList<CheckpointRow> Rows)
{
    /// <summary>What CLGRPO gained over its baseline on EmoSet-118K with a 1B model, points (arXiv 2506.18048, abstract).</summary>
    public const double PaperAccuracyGain = 2.77;

    /// <inheritdoc cref="PaperAccuracyGain"/>
    public const double PaperMacroRecallGain = 0.69;

    /// <summary>Compares answers.</summary>
    /// <param name="checkpoints">A name and the answers of each; all about the same images.</param>
    /// <param name="references">[checkpoints], the index of the one that each is compared with; null: with none.</param>
    /// <exception cref="ArgumentException">Two sheets are about different images or labels.</exception>
    public static CheckpointTable Of(
        IReadOnlyList<(string Name, AnswerSheet Sheet)> checkpoints,
        IReadOnlyList<int?> references
    )
    {
        foreach (var (name, sheet) in checkpoints)
            RequireSameImages(checkpoints[0], (name, sheet));
        var labels = checkpoints[0].Sheet.Terms.Labels;
        var differences = references
            .Select((reference, i) => reference is { } other ? Compare(checkpoints, i, other, labels.Count) : null)
            .ToList();
        var adjusted = new Queue<double>(
            HolmAdjustment.Of([.. differences.OfType<CheckpointDifference>().Select(difference => difference.P)])
        );
        return new CheckpointTable(
            labels,
            checkpoints[0].Sheet.Answers.Count,
            [
                .. checkpoints.Select(
                    (checkpoint, i) =>
                        new CheckpointRow(
                            checkpoint.Name,
                            EvaluationScores.From(checkpoint.Sheet.Predictions, labels),
                            differences[i] is { } difference ? difference with { AdjustedP = adjusted.Dequeue() } : null
                        )
                ),
            ]
        );
    }

    private static CheckpointDifference Compare(
        IReadOnlyList<(string Name, AnswerSheet Sheet)> checkpoints,
        int index,
        int reference,
        int labels
    )
    {
        var (first, second) = (checkpoints[index].Sheet.Predictions, checkpoints[reference].Sheet.Predictions);
        int[] truth = [.. first.Select(item => item.Truth)];
        int[] ours = [.. first.Select(item => item.Predicted)];
        int[] theirs = [.. second.Select(item => item.Predicted)];
        var reports = (
            First: new ClassificationReport(truth, ours, labels),
            Second: new ClassificationReport(truth, theirs, labels)
        );
        var intervals = new Bootstrap().Difference(truth, ours, theirs, labels);
        var test = BaselineComparison.Between(first, second);
        return new CheckpointDifference(
            checkpoints[reference].Name,
            reports.First.Accuracy - reports.Second.Accuracy,
            intervals.Accuracy,
            reports.First.MacroRecall - reports.Second.MacroRecall,
            intervals.MacroRecall,
            test.Better,
            test.Worse,
            test.P,
            test.P
        );
    }

    private static void RequireSameImages((string Name, AnswerSheet Sheet) one, (string Name, AnswerSheet Sheet) other)
    {
        if (
            !one.Sheet.Terms.Labels.SequenceEqual(other.Sheet.Terms.Labels, StringComparer.Ordinal)
            || !one
                .Sheet.Answers.Select(answer => answer.Sample)
                .SequenceEqual(other.Sheet.Answers.Select(answer => answer.Sample), StringComparer.Ordinal)
        )
            throw new ArgumentException(
                $"'{one.Name}' and '{other.Name}' answered about different images or labels; a table compares answers about the same ones."
            );
    }
}

/// <summary>One checkpoint of a <see cref="CheckpointTable"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scores">Its scores with their 95 % intervals.</param>
/// <param name="Difference">What it has over another; null for the one that is compared with none.</param>
public sealed record CheckpointRow(string Name, EvaluationScores Scores, CheckpointDifference? Difference);

/// <summary>What a checkpoint has over another on the same images; shares from −1 to 1.</summary>
/// <param name="Against">The other's name.</param>
/// <param name="Accuracy">Of accuracy.</param>
/// <param name="AccuracyInterval">Its paired bootstrap 95 % interval.</param>
/// <param name="MacroRecall">Of macro recall.</param>
/// <param name="MacroRecallInterval">Its paired bootstrap 95 % interval.</param>
/// <param name="Better">Images that this one alone got right.</param>
/// <param name="Worse">Images that the other alone got right.</param>
/// <param name="P">McNemar's exact two-sided p-value.</param>
/// <param name="AdjustedP">The same after Holm, over the table's comparisons.</param>
public sealed record CheckpointDifference(
    string Against,
    double Accuracy,
    Interval AccuracyInterval,
    double MacroRecall,
    Interval MacroRecallInterval,
    int Better,
    int Worse,
    double P,
    double AdjustedP
);
