using System.Text.Json.Serialization;

namespace CLGRPO.Training.Evaluation;

/// <summary>The scores of one model on the held-out images with one way of decoding; all shares are fractions from 0 to 1.</summary>
public sealed record EvaluationScores
{
    /// <summary>The share of images with the right label.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The mean of all labels' recalls.</summary>
    public required double MacroRecall { get; init; }

    /// <summary>The share of completions in the required format.</summary>
    public required double FormatRate { get; init; }

    /// <summary>The bootstrap 95 % interval of <see cref="Accuracy"/>; in JSON [low, high].</summary>
    public required Interval AccuracyInterval { get; init; }

    /// <summary>The bootstrap 95 % interval of <see cref="MacroRecall"/>; in JSON [low, high].</summary>
    public Interval? MacroRecallInterval { get; init; }

    /// <summary>The mean of all labels' F1.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>The completions' mean length, tokens.</summary>
    public double? MeanTokens { get; init; }

    /// <summary>McNemar's test against the baseline on the same images; absent for the baseline itself.</summary>
    [JsonPropertyName("mcnemar")]
    public BaselineComparison? McNemar { get; init; }

    /// <summary>One entry per label.</summary>
    public IReadOnlyList<LabelScores> PerClass { get; init; } = [];

    /// <summary>[labels + 1, labels + 1], truth by row, prediction by column; the last column is "no label".</summary>
    public IReadOnlyList<IReadOnlyList<int>> Confusion { get; init; } = [];

    /// <summary>Scores what a model answered.</summary>
    /// <param name="predictions">[images].</param>
    /// <param name="labels">The labels' names, in the order of their indexes.</param>
    /// <param name="baseline">What the baseline answered about the same images in the same order; null for the baseline itself.</param>
    /// <param name="bootstrap">How intervals are made; 2,000 resamples with seed 0 by default.</param>
    /// <exception cref="ArgumentException">No predictions, or the baseline's are about other images.</exception>
    public static EvaluationScores From(
        IReadOnlyList<Prediction> predictions,
        IReadOnlyList<string> labels,
        IReadOnlyList<Prediction>? baseline = null,
        Bootstrap? bootstrap = null
    )
    {
        var truth = predictions.Select(item => item.Truth).ToList();
        var predicted = predictions.Select(item => item.Predicted).ToList();
        var report = new ClassificationReport(truth, predicted, labels.Count);
        var intervals = (bootstrap ?? new Bootstrap()).Classification(truth, predicted, labels.Count);
        return new EvaluationScores
        {
            Accuracy = report.Accuracy,
            MacroRecall = report.MacroRecall,
            FormatRate = predictions.Average(item => item.WellFormed ? 1.0 : 0.0),
            AccuracyInterval = intervals.Accuracy,
            MacroRecallInterval = intervals.MacroRecall,
            MacroF1 = report.MacroF1,
            MeanTokens = predictions.Average(item => item.Tokens),
            McNemar = baseline is null ? null : BaselineComparison.Between(predictions, baseline),
            PerClass =
            [
                .. labels.Select(
                    (label, i) =>
                        new LabelScores(label, report.Support[i], report.Recall[i], report.Precision[i], report.F1[i])
                ),
            ],
            Confusion = report.Confusion,
        };
    }
}

/// <summary>How well one label was found.</summary>
/// <param name="Label">The label's name.</param>
/// <param name="Support">How many images truly have it.</param>
/// <param name="Recall">The share of these that were found.</param>
/// <param name="Precision">The share of its predictions that were right.</param>
/// <param name="F1">The harmonic mean of both.</param>
public sealed record LabelScores(string Label, int Support, double Recall, double Precision, double F1);

/// <summary>A model against the baseline on the same images.</summary>
/// <param name="Better">Images that the model got right and the baseline wrong.</param>
/// <param name="Worse">Images that the baseline got right and the model wrong.</param>
/// <param name="P">McNemar's exact two-sided p-value.</param>
public sealed record BaselineComparison(int Better, int Worse, double P)
{
    /// <summary>Compares answer by answer.</summary>
    /// <exception cref="ArgumentException">The two lists are not about the same images.</exception>
    public static BaselineComparison Between(IReadOnlyList<Prediction> model, IReadOnlyList<Prediction> baseline)
    {
        if (!model.Select(item => item.Truth).SequenceEqual(baseline.Select(item => item.Truth)))
        {
            throw new ArgumentException(
                $"The baseline must have answered the same images in the same order: {baseline.Count} against {model.Count} predictions, or the true labels differ.",
                nameof(baseline)
            );
        }
        var test = Evaluation.McNemar.Compare(
            [.. model.Select(item => item.IsRight)],
            [.. baseline.Select(item => item.IsRight)]
        );
        return new BaselineComparison(test.OnlyFirst, test.OnlySecond, test.ExactP);
    }
}
