namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>The pictures of an evaluation report.</summary>
public static class ReportCharts
{
    /// <summary>Accuracy of every row, greedy and sampled, with its 95 % interval.</summary>
    public static BarChart Accuracy(EvaluationReport report) =>
        new(
            $"Held-out accuracy by stage, {report.Dataset}",
            "accuracy %, 95 % interval",
            [.. report.Rows.Select(row => row.Name)],
            [Bars("greedy", report, row => row.Greedy), Bars("sampled at T = 1", report, row => row.Sampled)]
        );

    /// <summary>The confusion matrix of a row's greedy answers.</summary>
    public static ConfusionChart Confusion(EvaluationRow row) =>
        new(
            $"{row.Name}: what was taken for what",
            [.. row.Greedy.PerClass.Select(label => label.Label)],
            row.Greedy.Confusion
        );

    private static BarSeries Bars(
        string name,
        EvaluationReport report,
        Func<EvaluationRow, EvaluationScores> decoding
    ) => new(name, [.. report.Rows.Select(decoding).Select(Percent)]);

    private static Bar Percent(EvaluationScores scores) =>
        new(100 * scores.Accuracy, new Interval(100 * scores.AccuracyInterval.Low, 100 * scores.AccuracyInterval.High));
}
