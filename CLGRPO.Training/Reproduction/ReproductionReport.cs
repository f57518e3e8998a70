using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Reproduction;

/// <summary>What several seeds of one recipe say together.</summary>
public sealed record ReproductionReport
{
    // CLGRPO, arXiv 2506.18048: a 1B model on EmoSet-118K, points over its baseline.
    public const double PaperAccuracyPoints = 2.77;
    public const double PaperMacroRecallPoints = 0.69;

    private const string Baseline = SeedRun.BaselineName;

    // A mean over no seeds is not a number.
    private static readonly JsonSerializerOptions Json = new(EvaluationReport.Json)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    // Stage 4 against its parent, its control and everything that leaves something out; each pair where both are there.
    private static readonly (string First, string Second)[] Pairs =
    [
        ("stage-1", Baseline),
        ("stage-2", Baseline),
        ("stage-3", Baseline),
        ("stage-4", Baseline),
        ("stage-3", "stage-1"),
        ("stage-4", "stage-1"),
        ("stage-4", "stage-3"),
        ("stage-4", "control-symmetric"),
        ("stage-4", "control-more-sft"),
        ("stage-4", "without-1"),
        ("stage-4", "without-2"),
        ("stage-4", "without-3"),
    ];

    public required string Recipe { get; init; }

    public required string Dataset { get; init; }

    /// <summary>Held-out images that every stage of every seed answered about.</summary>
    public required int HeldOut { get; init; }

    public required IReadOnlyList<int> Seeds { get; init; }

    public required IReadOnlyList<Claim> Claims { get; init; }

    /// <summary>The baseline, then all other stages in the recipe's order, the sweep apart.</summary>
    public required IReadOnlyList<ReproductionRow> Rows { get; init; }

    public required IReadOnlyList<BaselineCandidate> Baselines { get; init; }

    public required IReadOnlyList<StageComparison> Comparisons { get; init; }

    public required IReadOnlyList<SweepPoint> Sweep { get; init; }

    public StageComparison? Comparison(string first, string second) =>
        Comparisons.FirstOrDefault(pair => pair.First == first && pair.Second == second);

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <param name="recipe">The recipe's name.</param>
    /// <param name="seeds">At least one, with at least one evaluated stage.</param>
    /// <exception cref="ArgumentException">Nothing is evaluated.</exception>
    internal static ReproductionReport Of(string recipe, IReadOnlyList<SeedRun> seeds)
    {
        var evaluated = seeds.Where(seed => seed.Stages.Count > 0).ToList();
        if (evaluated.Count == 0)
        {
            throw new ArgumentException("No seed has an evaluated stage yet; train first.");
        }
        var comparisons = Pairs
            .Select(pair => StageComparison.Between(evaluated, pair.First, pair.Second))
            .OfType<StageComparison>()
            .ToList();
        var sweep = SweepPoint.Of(evaluated);
        var first = evaluated[0].Stages[0].Evaluation;
        return new ReproductionReport
        {
            Recipe = recipe,
            Dataset = first.Dataset,
            HeldOut = first.Greedy.Predictions.Count,
            Seeds = [.. evaluated.Select(seed => seed.Seed)],
            Claims = [.. ClaimsOf(comparisons)],
            Rows = [.. RowsOf(evaluated, [.. sweep.Select(point => point.Name)])],
            Baselines = [.. BaselinesOf(evaluated)],
            Comparisons = comparisons,
            Sweep = sweep,
        };
    }

    private static IEnumerable<ReproductionRow> RowsOf(IReadOnlyList<SeedRun> seeds, HashSet<string> sweep) =>
        StageNames(seeds)
            .Where(name => !SeedRun.IsCandidate(name) && !sweep.Contains(name))
            .Prepend(Baseline)
            .Select(name => (name, Stages: seeds.Select(seed => seed.Find(name)).OfType<SeedStage>().ToList()))
            .Where(row => row.Stages.Count > 0)
            .Select(row => new ReproductionRow(
                row.name,
                SeedScores.Of(row.Stages),
                new SeedMean([.. row.Stages.Select(stage => stage.TrainSeconds)])
            ));

    private static IEnumerable<BaselineCandidate> BaselinesOf(IReadOnlyList<SeedRun> seeds) =>
        StageNames(seeds)
            .Where(SeedRun.IsCandidate)
            .Select(name => (name, Stages: seeds.Select(seed => seed.Named(name)).OfType<SeedStage>().ToList()))
            .Select(row => new BaselineCandidate(
                row.name,
                new SeedMean([.. row.Stages.Select(stage => stage.ValidationAccuracy).OfType<double>()]),
                [.. seeds.Where(seed => seed.Baseline?.Name == row.name).Select(seed => seed.Seed)],
                SeedScores.Of(row.Stages)
            ));

    private static IEnumerable<string> StageNames(IReadOnlyList<SeedRun> seeds) =>
        seeds.SelectMany(seed => seed.Stages).Select(stage => stage.Name).Distinct(StringComparer.Ordinal);

    private static IEnumerable<Claim> ClaimsOf(IReadOnlyList<StageComparison> comparisons)
    {
        foreach (var pair in comparisons)
        {
            var (greedy, sampled) = (pair.Differences.Greedy, pair.Differences.Sampled);
            if (pair is { First: "stage-4", Second: Baseline })
            {
                yield return new Claim(
                    "Stage 4 beats the baseline by more than the paper's accuracy gain",
                    "greedy accuracy",
                    greedy.AccuracyPoints,
                    PaperAccuracyPoints
                );
                yield return new Claim(
                    "Stage 4 beats the baseline by more than the paper's recall gain",
                    "greedy macro recall",
                    greedy.MacroRecallPoints,
                    PaperMacroRecallPoints
                );
            }
            else if (pair.Second != Baseline && Sentence(pair) is { } text)
            {
                yield return new Claim(text, "greedy accuracy", greedy.AccuracyPoints, 0);
                yield return new Claim(text, "accuracy at T = 1", sampled.AccuracyPoints, 0);
            }
        }
    }

    private static string? Sentence(StageComparison pair) =>
        (pair.First, pair.Second) switch
        {
            ("stage-3", "stage-1") => "Reasoning pays: stage 3 beats stage 1",
            ("stage-4", "stage-3") => "Stage 4 beats stage 3",
            ("stage-4", "control-symmetric") =>
                "ClipLow pays: stage 4 beats as many more steps with the symmetric clip",
            ("stage-4", "control-more-sft") => "RL pays: stage 4 beats as much more fine-tuning in place of RL",
            ("stage-4", "without-1") => "Stage 1 pays: stage 4 beats the method without it",
            ("stage-4", "without-2") => "Stage 2 pays: stage 4 beats the method without it",
            ("stage-4", "without-3") => "Stage 3 pays: stage 4 beats the method without it",
            _ => null,
        };
}
