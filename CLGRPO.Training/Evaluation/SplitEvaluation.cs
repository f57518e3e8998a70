using System.Globalization;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Rewards;

namespace CLGRPO.Training.Evaluation;

/// <summary>One model's scores on one split, for a file and for people.</summary>
public sealed record SplitEvaluation
{
    /// <summary>The model's folder, as it was given.</summary>
    public required string Model { get; init; }

    /// <summary>The data set's name.</summary>
    public required string Dataset { get; init; }

    /// <summary>The data set's content hash.</summary>
    public required string DatasetHash { get; init; }

    /// <summary><c>train</c>, <c>val</c> or <c>test</c>.</summary>
    public required string Split { get; init; }

    /// <summary>How many images were asked about.</summary>
    public required int Images { get; init; }

    /// <summary><c>cot</c> or <c>answer</c>.</summary>
    public required string Completion { get; init; }

    /// <summary>0 = greedy.</summary>
    public required double Temperature { get; init; }

    /// <summary>The 95 % interval of <see cref="EvaluationScores.FormatRate"/>, by Wilson; in JSON [low, high].</summary>
    public required Interval FormatRateInterval { get; init; }

    public required EvaluationScores Scores { get; init; }

    /// <summary>Scores what a model answered about a split's images.</summary>
    public static SplitEvaluation Of(
        string model,
        DatasetVersion version,
        Split split,
        CompletionStyle style,
        double temperature,
        IReadOnlyList<Prediction> predictions
    ) =>
        new()
        {
            Model = model,
            Dataset = version.Name,
            DatasetHash = version.Hash,
            Split = split.Key(),
            Images = predictions.Count,
            Completion = style == CompletionStyle.Cot ? "cot" : "answer",
            Temperature = temperature,
            FormatRateInterval = WilsonInterval.At95(predictions.Count(item => item.WellFormed), predictions.Count),
            Scores = EvaluationScores.From(predictions, version.Info.Labels),
        };

    /// <summary>Indented JSON, keys in snake_case.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, EvaluationReport.Json);

    /// <summary>Scores with their 95 % intervals, the per-class table and the confusion matrix.</summary>
    public string ToText()
    {
        var decoding = Temperature == 0 ? "greedy" : string.Create(CultureInfo.InvariantCulture, $"T = {Temperature}");
        string[][] totals =
        [
            ["", "%", "95 % interval"],
            ["accuracy", Percent(Scores.Accuracy), Range(Scores.AccuracyInterval)],
            ["macro recall", Percent(Scores.MacroRecall), Range(Scores.MacroRecallInterval!)],
            ["format", Percent(Scores.FormatRate), Range(FormatRateInterval)],
        ];
        return new StringBuilder()
            .Append(
                CultureInfo.InvariantCulture,
                $"{Model} on {Dataset}, {Split}: {Images:N0} images, {decoding}, {Scores.MeanTokens:F1} tokens on average\n\n"
            )
            .Append(TextTable.Aligned(totals))
            .Append('\n')
            .Append(TextTable.Aligned([.. PerClass()]))
            .Append("\nTruth by row, prediction by column:\n\n")
            .Append(TextTable.Aligned([.. Confusion()]))
            .ToString();
    }

    private IEnumerable<string[]> PerClass() =>
        Scores
            .PerClass.Select(label =>
                (string[])
                    [
                        label.Label,
                        label.Support.ToString(CultureInfo.InvariantCulture),
                        Percent(label.Recall),
                        Percent(label.Precision),
                        Percent(label.F1),
                    ]
            )
            .Prepend(["", "images", "recall %", "precision %", "F1 %"]);

    // The last row is empty: no image is truly without a label.
    private IEnumerable<string[]> Confusion() =>
        Scores
            .PerClass.Select(
                (label, row) =>
                    (string[])
                        [
                            label.Label,
                            .. Scores.Confusion[row].Select(count => count.ToString(CultureInfo.InvariantCulture)),
                        ]
            )
            .Prepend(["", .. Scores.PerClass.Select(label => label.Label), "no label"]);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Range(Interval interval) => $"{Percent(interval.Low)}–{Percent(interval.High)}";
}
