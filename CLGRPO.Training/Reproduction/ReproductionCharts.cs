using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Evaluation.Charts;

namespace CLGRPO.Training.Reproduction;

/// <summary>The pictures of a reproduction, by file name; what has no data has no picture.</summary>
internal static class ReproductionCharts
{
    public const string Stages = "stages.svg";
    public const string Controls = "controls.svg";
    public const string Sweep = "sweep.svg";
    public const string Confusion = "confusion.svg";

    /// <summary>A picture for each metric over the steps of the chain.</summary>
    public static IReadOnlyList<(string File, string Metric, string Title)> Curves { get; } =
    [
        ("reward.svg", "reward", "Reward"),
        ("entropy.svg", "entropy", "Entropy of the policy, nats"),
        ("clip.svg", "clip_ratio/high_mean", "Share of tokens stopped at the upper bound"),
    ];

    // Each with the stages that come before it: its steps follow theirs.
    private static readonly (string Name, string[] Before)[] Chain =
    [
        ("stage-2", []),
        ("stage-3", ["stage-2"]),
        ("stage-4", ["stage-2", "stage-3"]),
        ("control-symmetric", ["stage-2", "stage-3"]),
    ];

    public static IReadOnlyDictionary<string, string> Draw(ReproductionReport report, IReadOnlyList<SeedRun> seeds)
    {
        var pictures = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Stages] = Bars(report, report.Rows.Where(row => !IsControl(row))).ToSvg(),
        };
        if (report.Rows.Any(IsControl))
        {
            pictures[Controls] = Bars(report, report.Rows.Where(row => IsControl(row) || row.Name == "stage-4"))
                .ToSvg();
        }
        if (report.Sweep.Count > 0)
        {
            pictures[Sweep] = SweepLines(report).ToSvg();
        }
        if (ConfusionOf("stage-4", seeds) is { } confusion)
        {
            pictures[Confusion] = confusion.ToSvg();
        }
        foreach (var (file, metric, title) in Curves)
        {
            if (Curve(seeds[0], metric, title) is { Series.Count: > 0 } curve)
            {
                pictures[file] = curve.ToSvg();
            }
        }
        return pictures;
    }

    // The chain is one picture, what it is held against another: twelve pairs of bars are too many for one.
    private static bool IsControl(ReproductionRow row) =>
        row.Name.StartsWith("control-", StringComparison.Ordinal)
        || row.Name.StartsWith("without-", StringComparison.Ordinal);

    private static BarChart Bars(ReproductionReport report, IEnumerable<ReproductionRow> some)
    {
        var rows = some.ToList();
        return new BarChart(
            $"Held-out accuracy, {MeanOf(rows.Select(row => row.Scores.Greedy.Accuracy))}",
            "accuracy %, 95 % interval over seeds",
            [.. rows.Select(row => row.Name)],
            [
                new("greedy", [.. rows.Select(row => Bar(row.Scores.Greedy.Accuracy))]),
                new("sampled at T = 1", [.. rows.Select(row => Bar(row.Scores.Sampled.Accuracy))]),
            ]
        );
    }

    // Not every stage need be trained with every seed.
    internal static string MeanOf(IEnumerable<SeedMean> means) =>
        means.Select(mean => mean.Values.Count).Distinct().Order().ToList() switch
        {
            [1] => "one seed",
            [var seeds] => $"mean of {seeds} seeds",
            [var fewest, .., var most] => $"means of {fewest} to {most} seeds",
            _ => "no seed yet",
        };

    private static LineChart SweepLines(ReproductionReport report) =>
        new(
            $"Greedy accuracy by upper clip bound, {MeanOf(report.Sweep.Select(point => point.Scores.Greedy.Accuracy))}",
            "epsilon_high",
            "accuracy %, 95 % interval over seeds",
            [
                .. report
                    .Sweep.GroupBy(point => point.UpdatesPerRollout)
                    .Select(line => new LineSeries(
                        $"{line.Key} updates per rollout",
                        [.. line.Select(point => Point(point.EpsilonHigh, point.Scores.Greedy.Accuracy))]
                    )),
            ]
        );

    private static ConfusionChart? ConfusionOf(string stage, IReadOnlyList<SeedRun> seeds)
    {
        var answered = seeds.Select(seed => seed.Find(stage)?.Evaluation).OfType<StageEvaluation>().ToList();
        if (answered.Count == 0)
        {
            return null;
        }
        var all = new Answers([.. answered.SelectMany(evaluation => evaluation.Greedy.Predictions)], []);
        var labels = answered[0].Labels;
        return new ConfusionChart(
            $"{stage}, greedy: what was taken for what, {answered.Count} seeds together",
            labels,
            SeedScores.Classify(all, labels.Count).Confusion
        );
    }

    private static LineChart Curve(SeedRun seed, string metric, string title) =>
        new(
            $"{title}, seed {seed.Seed}",
            "step",
            title,
            [
                .. Chain
                    .Select(stage => new LineSeries(stage.Name, Points(seed, stage.Name, stage.Before, metric)))
                    .Where(line => line.Points.Count > 0),
            ]
        );

    private static List<ChartPoint> Points(SeedRun seed, string name, string[] before, string metric)
    {
        var offset = before.Sum(stage => seed.Named(stage)?.Steps.Count ?? 0);
        var steps = seed.Named(name)?.Steps ?? [];
        return
        [
            .. steps
                .Select((step, i) => (X: offset + i + 1, Metrics: step))
                .Where(step => step.Metrics.ContainsKey(metric))
                .Select(step => new ChartPoint(step.X, step.Metrics[metric])),
        ];
    }

    private static Bar Bar(SeedMean share) => new(100 * share.Mean, Percent(share.Interval));

    private static ChartPoint Point(double x, SeedMean share) => new(x, 100 * share.Mean, Percent(share.Interval));

    private static Interval? Percent(Interval? share) =>
        share is null ? null : new Interval(100 * Math.Max(0, share.Low), 100 * Math.Min(1, share.High));
}
