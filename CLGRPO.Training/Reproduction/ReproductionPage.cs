using System.Globalization;
using System.Text;
using CLGRPO.Training.Evaluation;
using static CLGRPO.Training.Reproduction.ScoreText;

namespace CLGRPO.Training.Reproduction;

/// <summary>The report as a page in Markdown; sections whose stages are absent are left out.</summary>
/// <param name="report">The numbers.</param>
/// <param name="pictures">The files that there are.</param>
/// <param name="pictureFolder">Where they lie, relative to the page; empty when beside it.</param>
internal sealed class ReproductionPage(ReproductionReport report, IReadOnlySet<string> pictures, string pictureFolder)
{
    private readonly StringBuilder _text = new();

    public string Write()
    {
        Opening();
        Findings();
        Stages();
        Differences();
        Baselines();
        Sweep();
        Curves();
        return _text.ToString();
    }

    private void Opening()
    {
        Line("# Reproduction");
        Line(
            $"Recipe `{report.Recipe}` on {report.Dataset}: {Whole(report.HeldOut)} held-out images, {SeedCount()} ({string.Join(", ", report.Seeds)}). "
                + "This page is written by `clgrpo reproduce` from what the runs left behind."
        );
        Line(
            report.Seeds.Count > 1
                ? $"Numbers are means over the seeds; brackets hold Student's t 95 % interval of the mean (n = {report.Seeds.Count}). "
                    + "Differences are paired: a seed's stage against the same seed's other stage, on the same images. "
                    + "Intervals over a few seeds are wide, and their width is what a few seeds can say."
                : "One seed has no spread: there are no intervals, and nothing below is decided."
        );
    }

    private void Findings()
    {
        if (report.Claims.Count == 0)
        {
            return;
        }
        Line("## What holds and what does not");
        foreach (var claim in report.Claims)
        {
            Item(Sentence(claim, bold: "**"));
        }
        Line("");
    }

    private void Stages()
    {
        Line("## Stages");
        Line(
            "The baseline is, for each seed, the candidate that is best on validation. Train s: the stage alone, without its parents."
        );
        Line(
            TextTable.Markdown([
                [
                    "",
                    "greedy accuracy %",
                    "macro recall %",
                    "format %",
                    "T = 1 accuracy %",
                    "macro recall %",
                    "format %",
                    "n",
                    "train s",
                ],
                .. report.Rows.Select(row =>
                    (string[])
                        [
                            row.Name,
                            .. Scores(row.Scores.Greedy),
                            .. Scores(row.Scores.Sampled),
                            Whole(row.TrainSeconds.Values.Count),
                            Whole(row.TrainSeconds.Mean),
                        ]
                ),
            ])
        );
        Picture(ReproductionCharts.Stages, "Accuracy of baseline and stages");
        Picture(ReproductionCharts.Controls, "Accuracy of stage 4, controls and ablations");
        Picture(ReproductionCharts.Confusion, "Confusion matrix of stage 4");
    }

    private void Differences()
    {
        if (report.Comparisons.Count == 0)
        {
            return;
        }
        Line("## Differences");
        Line(
            "Percentage points. Better and worse count the images of all seeds that only the first or only the second got right; "
                + "p is McNemar's exact test over them, which takes the seeds as given: it says that these models differ, the interval whether others would."
        );
        Difference("Greedy", difference => difference.Greedy, paper: true);
        Difference("Sampled at T = 1", difference => difference.Sampled, paper: false);
    }

    private void Difference(string heading, Func<Decoded<PairedDifference>, PairedDifference> decoding, bool paper)
    {
        var rows = report.Comparisons.Select(pair =>
        {
            var difference = decoding(pair.Differences);
            return (string[])
                [
                    $"{pair.First} − {pair.Second}",
                    Points(difference.AccuracyPoints),
                    Points(difference.MacroRecallPoints),
                    Whole(difference.McNemar.Better),
                    Whole(difference.McNemar.Worse),
                    Probability(difference.McNemar.P),
                    Whole(difference.AccuracyPoints.Values.Count),
                ];
        });
        string[] paperRow =
        [
            "paper: CLGRPO − baseline",
            Points(ReproductionReport.PaperAccuracyPoints),
            Points(ReproductionReport.PaperMacroRecallPoints),
            None,
            None,
            None,
            None,
        ];
        Line($"### {heading}");
        Line(
            TextTable.Markdown([
                ["", "accuracy", "macro recall", "better", "worse", "p", "n"],
                .. rows,
                .. paper ? (string[][])[paperRow] : [],
            ])
        );
    }

    private void Baselines()
    {
        if (report.Baselines.Count < 2)
        {
            return;
        }
        Line("## The baseline's best chance");
        Line("Chosen on validation accuracy; the held-out scores stand beside it and choose nothing.");
        Line(
            TextTable.Markdown([
                ["", "validation accuracy %", "chosen by seeds", "greedy accuracy %", "T = 1 accuracy %"],
                .. report.Baselines.Select(candidate =>
                    (string[])
                        [
                            candidate.Name,
                            Percent(candidate.ValidationAccuracy),
                            candidate.ChosenBy.Count == 0 ? None : string.Join(", ", candidate.ChosenBy),
                            Percent(candidate.Scores.Greedy.Accuracy),
                            Percent(candidate.Scores.Sampled.Accuracy),
                        ]
                ),
            ])
        );
    }

    private void Sweep()
    {
        if (report.Sweep.Count == 0)
        {
            return;
        }
        Line("## The upper clip bound");
        Line(
            $"From stage 3, the same number of steps each ({ReproductionCharts.MeanOf(report.Sweep.Select(point => point.Scores.Greedy.Accuracy))}). KL to stage 3, entropy (nats), the share of tokens stopped at the upper bound and the reward are means over the last {SweepPoint.FinalSteps} steps."
        );
        Line(
            TextTable.Markdown([
                [
                    "updates per rollout",
                    "epsilon_high",
                    "greedy accuracy %",
                    "T = 1 accuracy %",
                    "format at T = 1 %",
                    "KL",
                    "entropy",
                    "clipped high",
                    "reward",
                ],
                .. report.Sweep.Select(point =>
                    (string[])
                        [
                            Whole(point.UpdatesPerRollout),
                            point.EpsilonHigh.ToString("0.###", CultureInfo.InvariantCulture),
                            Percent(point.Scores.Greedy.Accuracy),
                            Percent(point.Scores.Sampled.Accuracy),
                            Percent(point.Scores.Sampled.FormatRate),
                            .. SweepPoint.Metrics.Select(metric => Number(point.FinalMetrics[metric])),
                        ]
                ),
            ])
        );
        Picture(ReproductionCharts.Sweep, "Accuracy by upper clip bound");
    }

    private void Curves()
    {
        var curves = ReproductionCharts.Curves.Where(curve => pictures.Contains(curve.File)).ToList();
        if (curves.Count == 0)
        {
            return;
        }
        Line("## Training curves");
        Line(
            $"Seed {report.Seeds[0]}: stages 2, 3 and 4 one after the other, and the symmetric control beside stage 4. A step is one batch of rollouts."
        );
        foreach (var curve in curves)
        {
            Picture(curve.File, curve.Title);
        }
    }

    private static string[] Scores(SeedScores scores) =>
        [Percent(scores.Accuracy), Percent(scores.MacroRecall), Percent(scores.FormatRate)];

    private static string Verdict(Claim claim) =>
        claim.Verdict switch
        {
            Reproduction.Verdict.Holds => "holds",
            Reproduction.Verdict.DoesNotHold => "does not hold",
            _ => claim.Points.Interval is null
                ? "undecided: one seed gives no interval"
                : $"undecided: the interval contains {(claim.Threshold == 0 ? "0" : Points(claim.Threshold))}",
        };

    private string SeedCount() => report.Seeds.Count == 1 ? "1 seed" : $"{report.Seeds.Count} seeds";

    /// <summary>The claim, what became of it, and the number behind it.</summary>
    public static string Sentence(Claim claim, string bold = "")
    {
        var paper = claim.Threshold == 0 ? "" : $", against the paper's {Points(claim.Threshold)}";
        return $"{claim.Text}: {bold}{Verdict(claim)}{bold} ({claim.Measure} {Points(claim.Points)} points{paper}).";
    }

    private void Picture(string file, string text)
    {
        if (pictures.Contains(file))
        {
            Line($"![{text}]({(pictureFolder.Length > 0 ? pictureFolder + "/" : "")}{file})");
        }
    }

    // A paragraph, heading or table: a blank line follows.
    private void Line(string text) => _text.Append(text.TrimEnd('\n')).Append(text.Length > 0 ? "\n\n" : "\n");

    private void Item(string text) => _text.Append("- ").Append(text).Append('\n');
}
