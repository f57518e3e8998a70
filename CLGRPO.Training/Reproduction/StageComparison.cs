using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Reproduction;

/// <summary>One stage against another: each seed's stage against the same seed's other one.</summary>
/// <param name="First">The stage.</param>
/// <param name="Second">What it is compared with.</param>
/// <param name="Differences">First − second.</param>
public sealed record StageComparison(string First, string Second, Decoded<PairedDifference> Differences)
{
    /// <summary>Compares over the seeds that have both stages; null when none has.</summary>
    /// <exception cref="ArgumentException">The two stages of a seed answered different images.</exception>
    internal static StageComparison? Between(IReadOnlyList<SeedRun> seeds, string first, string second)
    {
        var pairs = seeds
            .Select(seed => (First: seed.Find(first), Second: seed.Find(second)))
            .Where(pair => pair.First is not null && pair.Second is not null)
            .Select(pair => (First: pair.First!.Evaluation, Second: pair.Second!.Evaluation))
            .ToList();
        return pairs.Count == 0
            ? null
            : new StageComparison(
                first,
                second,
                new Decoded<PairedDifference>(
                    PairedDifference.Of([
                        .. pairs.Select(pair => (pair.First.Greedy, pair.Second.Greedy, pair.First.Labels.Count)),
                    ]),
                    PairedDifference.Of([
                        .. pairs.Select(pair => (pair.First.Sampled, pair.Second.Sampled, pair.First.Labels.Count)),
                    ])
                )
            );
    }
}

/// <summary>What one stage has over another, paired by seed and by image.</summary>
/// <param name="AccuracyPoints">Percentage points.</param>
/// <param name="MacroRecallPoints">Percentage points.</param>
/// <param name="McNemar">All seeds' images pooled.</param>
public sealed record PairedDifference(SeedMean AccuracyPoints, SeedMean MacroRecallPoints, BaselineComparison McNemar)
{
    internal static PairedDifference Of(IReadOnlyList<(Answers First, Answers Second, int Labels)> seeds)
    {
        var reports = seeds
            .Select(seed =>
                (
                    First: SeedScores.Classify(seed.First, seed.Labels),
                    Second: SeedScores.Classify(seed.Second, seed.Labels)
                )
            )
            .ToList();
        // Seed by seed, so that a seed whose stages answered different images is found.
        var tests = seeds
            .Select(seed => BaselineComparison.Between(seed.First.Predictions, seed.Second.Predictions))
            .ToList();
        var pooled = new McNemar(tests.Sum(test => test.Better), tests.Sum(test => test.Worse));
        return new PairedDifference(
            new SeedMean([.. reports.Select(pair => 100 * (pair.First.Accuracy - pair.Second.Accuracy))]),
            new SeedMean([.. reports.Select(pair => 100 * (pair.First.MacroRecall - pair.Second.MacroRecall))]),
            new BaselineComparison(pooled.OnlyFirst, pooled.OnlySecond, pooled.ExactP)
        );
    }
}
