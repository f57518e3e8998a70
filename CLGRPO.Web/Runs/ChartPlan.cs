using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>A line of a chart.</summary>
/// <param name="Label">Beside its value, where a chart has several; null: none.</param>
public sealed record ChartLine(string Metric, string? Label = null);

/// <summary>What a chart shows: scripts/charts.js draws it.</summary>
/// <param name="Title">The metrics' names.</param>
/// <param name="Lines">At least one.</param>
public sealed record ChartPlan(string Title, IReadOnlyList<ChartLine> Lines)
{
    /// <summary>A metric by which a band lies above and below the line.</summary>
    public string? Spread { get; init; }

    /// <summary>Metrics between which a band lies.</summary>
    public string? Low { get; init; }

    public string? High { get; init; }

    /// <summary>A bound that is drawn across.</summary>
    public double? Limit { get; init; }

    public string? LimitName { get; init; }

    /// <summary>Below it there is something wrong.</summary>
    public double? Alarm { get; init; }

    /// <summary>A few words beside the value.</summary>
    public string? Note { get; init; }

    /// <summary>What one has to know to read it.</summary>
    public string? Explanation { get; init; }
}

/// <summary>Which charts a stage's metrics make, those first that say most about whether it learns.</summary>
internal static class ChartPlans
{
    private const double CollapsedEntropy = 0.05;

    private static readonly string[] AfterThese =
    [
        "eval_accuracy",
        "grad_norm",
        "learning_rate",
        "frac_reward_zero_std",
        "completions/clipped_ratio",
    ];

    private static readonly string[] Compared =
    [
        "reward",
        "eval_accuracy",
        "loss",
        "entropy",
        "clip_ratio/high_mean",
        "clip_ratio/low_mean",
        "kl",
        "completions/mean_length",
        "reward_std",
        "grad_norm",
    ];

    /// <param name="metrics">Names of what there is.</param>
    /// <param name="stage">Where the limits stand; null: none are drawn.</param>
    public static IReadOnlyList<ChartPlan> Of(IReadOnlyCollection<string> metrics, Stage? stage)
    {
        var there = metrics.ToHashSet(StringComparer.Ordinal);
        var first = First(stage).Where(plan => plan.Lines.Any(line => there.Contains(line.Metric))).ToList();
        var shown = first.SelectMany(MetricsOf).ToHashSet(StringComparer.Ordinal);
        var others = metrics
            .Where(metric => !shown.Contains(metric))
            .OrderBy(metric => Array.IndexOf(AfterThese, metric) is >= 0 and var at ? at : int.MaxValue)
            .ThenBy(metric => metric.StartsWith("profiling/", StringComparison.Ordinal))
            .Select(metric => new ChartPlan(metric, [new ChartLine(metric)]));
        return [.. first, .. others];
    }

    /// <summary>A chart for each metric, for several runs over each other.</summary>
    public static IReadOnlyList<ChartPlan> OneByOne(IReadOnlyCollection<string> metrics) =>
        [
            .. metrics
                .OrderBy(metric => Array.IndexOf(Compared, metric) is >= 0 and var at ? at : int.MaxValue)
                .ThenBy(metric => metric.StartsWith("profiling/", StringComparison.Ordinal))
                .Select(metric => new ChartPlan(metric, [new ChartLine(metric)])),
        ];

    private static IEnumerable<ChartPlan> First(Stage? stage)
    {
        yield return new("reward", [new("reward")]) { Spread = "reward_std", Note = "± reward_std" };
        yield return new(
            "clip_ratio/{high,low}_mean",
            [new("clip_ratio/high_mean", "high"), new("clip_ratio/low_mean", "low")]
        )
        {
            Explanation = stage?.Grpo?.Clip is { } clip
                ? $"The share of tokens that the clip stopped: high above 1 + {RunWords.Number(clip.EpsilonHigh)}, low below 1 − {RunWords.Number(clip.EpsilonLow)}."
                : "The share of tokens that the clip stopped.",
        };
        yield return new("kl", [new("kl")]);
        yield return new("entropy", [new("entropy")]) { Alarm = CollapsedEntropy };
        yield return new("completions/mean_length", [new("completions/mean_length")])
        {
            Low = "completions/min_length",
            High = "completions/max_length",
            Note = "min to max",
            Limit = stage?.Grpo?.MaxCompletionTokens,
            LimitName = "max_completion_tokens",
        };
        yield return new("loss", [new("loss")])
        {
            Explanation =
                stage?.Kind == StageKind.Grpo
                    ? "Near zero is expected: advantages are centred. Watch reward and grad_norm instead."
                    : null,
        };
    }

    private static IEnumerable<string> MetricsOf(ChartPlan plan) =>
        plan.Lines.Select(line => line.Metric).Concat(new[] { plan.Spread, plan.Low, plan.High }.OfType<string>());
}
