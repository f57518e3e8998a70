using System.Globalization;
using System.Text;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Web.Evaluations;

/// <summary>An evaluation's table as a file.</summary>
public enum TableFormat
{
    Csv,
    Markdown,
    Latex,
}

/// <summary>Writes the main table for a paper, a page or a spreadsheet.</summary>
public static class EvaluationExport
{
    private const string None = "–";

    private const string Ablations = "Ablations";

    /// <param name="result">What to write; ablations are a group of their own.</param>
    /// <param name="other">What rows are compared with.</param>
    /// <returns>The text, its lines ended by a line feed.</returns>
    public static string Write(EvaluationResult result, ComparedWith other, TableFormat format)
    {
        var rows = result.Table(other).Rows.Zip(result.Rows, (row, ordered) => (row, ordered.Ablation)).ToList();
        return format switch
        {
            TableFormat.Csv => Csv(result.Table(other), rows),
            TableFormat.Markdown => Markdown(rows),
            _ => Latex(rows),
        };
    }

    /// <summary>Shares as fractions with all their digits, recall of each label in a column of its own.</summary>
    private static string Csv(CheckpointTable table, List<(CheckpointRow Row, bool IsAblation)> rows)
    {
        var text = new StringBuilder(
            "checkpoint,group,images,accuracy,accuracy_low,accuracy_high,macro_recall,macro_recall_low,macro_recall_high,macro_f1,format,tokens,"
                + "against,accuracy_difference,accuracy_difference_low,accuracy_difference_high,macro_recall_difference,macro_recall_difference_low,macro_recall_difference_high,better,worse,mcnemar_p,mcnemar_p_holm"
        );
        foreach (var label in table.Labels)
            text.Append(',').Append(Quoted($"recall_{label}"));
        text.Append('\n');
        foreach (var (row, isAblation) in rows)
        {
            var (scores, difference) = (row.Scores, row.Difference);
            text.AppendJoin(
                ',',
                (string?[])
                    [
                        Quoted(row.Name),
                        isAblation ? "ablation" : "main",
                        $"{table.Images}",
                        Exact(scores.Accuracy),
                        Exact(scores.AccuracyInterval.Low),
                        Exact(scores.AccuracyInterval.High),
                        Exact(scores.MacroRecall),
                        Exact(scores.MacroRecallInterval?.Low),
                        Exact(scores.MacroRecallInterval?.High),
                        Exact(scores.MacroF1),
                        Exact(scores.FormatRate),
                        Exact(scores.MeanTokens),
                        Quoted(difference?.Against ?? ""),
                        Exact(difference?.Accuracy),
                        Exact(difference?.AccuracyInterval.Low),
                        Exact(difference?.AccuracyInterval.High),
                        Exact(difference?.MacroRecall),
                        Exact(difference?.MacroRecallInterval.Low),
                        Exact(difference?.MacroRecallInterval.High),
                        difference is null ? "" : $"{difference.Better}",
                        difference is null ? "" : $"{difference.Worse}",
                        Exact(difference?.P),
                        Exact(difference?.AdjustedP),
                        .. scores.PerClass.Select(label => Exact(label.Recall)),
                    ]
            );
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Markdown(List<(CheckpointRow Row, bool IsAblation)> rows)
    {
        var text = new StringBuilder(
            "| checkpoint | accuracy % | 95 % | Δ | macro recall % | 95 % | Δ | format % | p |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        );
        var before = false;
        foreach (var (row, isAblation) in rows)
        {
            if (isAblation && !before)
                text.Append($"| *{Ablations}* | | | | | | | | |\n");
            before = isAblation;
            var (scores, difference) = (row.Scores, row.Difference);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {row.Name.Replace("|", "\\|", StringComparison.Ordinal)} | {Percent(scores.Accuracy)} | {Range(scores.AccuracyInterval)} | {Points(difference?.Accuracy)} | {Percent(scores.MacroRecall)} | {Range(scores.MacroRecallInterval)} | {Points(difference?.MacroRecall)} | {Percent(scores.FormatRate)} | {Probability(difference)} |\n"
            );
        }
        return text.ToString();
    }

    private static string Latex(List<(CheckpointRow Row, bool IsAblation)> rows)
    {
        var best = rows.Max(one => one.Row.Scores.Accuracy);
        var text = new StringBuilder(
            "\\begin{tabular}{lrrrrr}\n\\toprule\n & Acc. & Recall & Format & $\\Delta$ Acc. & $p$ \\\\\n\\midrule\n"
        );
        var before = false;
        foreach (var (row, isAblation) in rows)
        {
            if (isAblation && !before)
                text.Append($"\\midrule\n\\multicolumn{{6}}{{l}}{{\\emph{{{Ablations}}}}} \\\\\n");
            before = isAblation;
            var accuracy = Percent(row.Scores.Accuracy);
            text.Append(Escaped(row.Name))
                .Append(" & ")
                .Append(row.Scores.Accuracy == best ? $"\\textbf{{{accuracy}}}" : accuracy)
                .Append(CultureInfo.InvariantCulture, $" & {Percent(row.Scores.MacroRecall)}")
                .Append(CultureInfo.InvariantCulture, $" & {Percent(row.Scores.FormatRate)}")
                .Append(
                    row.Difference is { } difference
                        ? $" & ${Points(difference.Accuracy).Replace('−', '-')}$ & {Probability(difference).Replace("< 0.001", "$<$ 0.001", StringComparison.Ordinal)}"
                        : " & -- & --"
                )
                .Append(" \\\\\n");
        }
        return text.Append("\\bottomrule\n\\end{tabular}\n").ToString();
    }

    private static string Exact(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    // A cell that a spreadsheet would take for a formula is text.
    private static string Quoted(string text)
    {
        var safe = text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0
            ? safe
            : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Escaped(string text) =>
        string.Concat(
            text.Select(letter =>
                letter switch
                {
                    '\\' => "\\textbackslash{}",
                    '~' => "\\textasciitilde{}",
                    '^' => "\\textasciicircum{}",
                    '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{letter}",
                    _ => letter.ToString(),
                }
            )
        );

    private static string Percent(double share) => EvaluationWords.Percent(share);

    private static string Points(double? share) => share is { } points ? EvaluationWords.Points(points) : None;

    private static string Range(Interval? interval) =>
        interval is null ? None : $"{Percent(interval.Low)}–{Percent(interval.High)}";

    private static string Probability(CheckpointDifference? difference) =>
        difference is null ? None : EvaluationWords.Probability(difference.AdjustedP);
}
