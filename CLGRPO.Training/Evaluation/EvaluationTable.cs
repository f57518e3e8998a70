using System.Globalization;
using System.Text;

namespace CLGRPO.Training.Evaluation;

/// <summary>An evaluation report as a table for people, with the paper's figures beside.</summary>
public static class EvaluationTable
{
    private const string None = "–";

    private static readonly string[] Header =
    [
        "",
        "accuracy %",
        "95 % interval",
        "Δ",
        "p",
        "macro recall %",
        "Δ",
        "format %",
        "tokens",
        "train s",
    ];

    private const string Legend = """
        Δ: points over the baseline. p: McNemar's exact test against the baseline on the same images.
        paper: what CLGRPO gained over its baseline (arXiv 2506.18048: EmoSet-118K, a 1B model).
        """;

    /// <summary>The table as plain text with aligned columns.</summary>
    public static string Text(EvaluationReport report) => Write(report, "", TextTable.Aligned);

    /// <summary>The table in Markdown.</summary>
    public static string Markdown(EvaluationReport report) => Write(report, "### ", TextTable.Markdown);

    private static string Write(EvaluationReport report, string heading, Func<IReadOnlyList<string[]>, string> table)
    {
        var length = TimeSpan.FromSeconds(report.Seconds);
        var size = report.HeldOut.ToString("N0", CultureInfo.InvariantCulture);
        var minutes = string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalMinutes} min {length.Seconds} s");
        var text = new StringBuilder()
            .Append($"{report.Dataset}: {size} held-out images, {minutes} in all\n\n")
            .Append($"{heading}Greedy decoding\n\n")
            .Append(table([Header, .. Rows(report, row => row.Greedy), PaperRow()]))
            .Append($"\n{heading}Sampled at T = 1\n\n")
            .Append(table([Header, .. Rows(report, row => row.Sampled)]))
            .Append($"\n{Legend}\n");
        return text.ToString();
    }

    private static IEnumerable<string[]> Rows(EvaluationReport report, Func<EvaluationRow, EvaluationScores> decoding)
    {
        var baseline = report.Baseline is { } row ? decoding(row) : null;
        return report.Rows.Select(row =>
            Row(row, decoding(row), ReferenceEquals(row, report.Baseline) ? null : baseline)
        );
    }

    private static string[] Row(EvaluationRow row, EvaluationScores scores, EvaluationScores? baseline) =>
        [
            row.Name,
            Percent(scores.Accuracy),
            $"{Percent(scores.AccuracyInterval.Low)}–{Percent(scores.AccuracyInterval.High)}",
            Points(100 * (scores.Accuracy - baseline?.Accuracy)),
            scores.McNemar is { } test ? Probability(test.P) : None,
            Percent(scores.MacroRecall),
            Points(100 * (scores.MacroRecall - baseline?.MacroRecall)),
            Percent(scores.FormatRate),
            Fixed(scores.MeanTokens, "0.0"),
            Fixed(row.TrainSeconds, "0"),
        ];

    private static string[] PaperRow() =>
        [
            "paper",
            None,
            None,
            Points(CheckpointTable.PaperAccuracyGain),
            None,
            None,
            Points(CheckpointTable.PaperMacroRecallGain),
            None,
            None,
            None,
        ];

    private static string Percent(double share) => Fixed(100 * share, "0.0");

    private static string Points(double? points) => Fixed(points, "+0.00;−0.00;0.00");

    private static string Probability(double p) => p < 0.001 ? "<0.001" : Fixed(p, "0.000");

    private static string Fixed(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? None;
}
