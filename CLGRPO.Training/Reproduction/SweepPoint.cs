using System.Globalization;
using System.Text.RegularExpressions;

namespace CLGRPO.Training.Reproduction;

/// <summary>A setting of the sweep over the upper clip bound.</summary>
/// <param name="Name">The stage.</param>
/// <param name="UpdatesPerRollout">Optimizer steps for each rollout batch.</param>
/// <param name="EpsilonHigh">The upper bound.</param>
/// <param name="Scores">On the held-out images.</param>
/// <param name="FinalMetrics">Mean over the last steps of metrics under TRL's names.</param>
public sealed partial record SweepPoint(
    string Name,
    int UpdatesPerRollout,
    double EpsilonHigh,
    Decoded<SeedScores> Scores,
    IReadOnlyDictionary<string, SeedMean> FinalMetrics
)
{
    /// <summary>Steps that a final metric is averaged over: single steps jump about.</summary>
    public const int FinalSteps = 5;

    /// <summary>The metrics that tell how far the policy moved, and what stopped it.</summary>
    public static IReadOnlyList<string> Metrics { get; } = ["kl", "entropy", "clip_ratio/high_mean", "reward"];

    /// <summary>All stages called <c>sweep-u&lt;updates&gt;-&lt;epsilon_high&gt;</c>, by updates, then by bound.</summary>
    internal static IReadOnlyList<SweepPoint> Of(IReadOnlyList<SeedRun> seeds) =>
        [
            .. seeds
                .SelectMany(seed => seed.Stages)
                .Select(stage => (stage.Name, Match: SweepName().Match(stage.Name)))
                .Where(stage => stage.Match.Success)
                .DistinctBy(stage => stage.Name, StringComparer.Ordinal)
                .Select(stage => Of(stage.Name, stage.Match, seeds))
                .OrderBy(point => point.UpdatesPerRollout)
                .ThenBy(point => point.EpsilonHigh),
        ];

    private static SweepPoint Of(string name, Match match, IReadOnlyList<SeedRun> seeds)
    {
        var stages = seeds.Select(seed => seed.Named(name)).OfType<SeedStage>().ToList();
        return new SweepPoint(
            name,
            int.Parse(match.Groups["updates"].ValueSpan, CultureInfo.InvariantCulture),
            double.Parse(match.Groups["epsilon"].ValueSpan, CultureInfo.InvariantCulture),
            SeedScores.Of(stages),
            Metrics.ToDictionary(
                metric => metric,
                metric => new SeedMean([.. stages.Select(stage => Final(stage, metric)).OfType<double>()]),
                StringComparer.Ordinal
            )
        );
    }

    private static double? Final(SeedStage stage, string metric)
    {
        var values = stage
            .Steps.Where(step => step.ContainsKey(metric))
            .TakeLast(FinalSteps)
            .Select(step => step[metric])
            .ToList();
        return values.Count == 0 ? null : values.Average();
    }

    [GeneratedRegex(
        @"^sweep-u(?<updates>\d{1,4})-(?<epsilon>\d+(\.\d+)?)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex SweepName();
}
