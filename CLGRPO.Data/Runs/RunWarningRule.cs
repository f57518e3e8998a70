using System.Globalization;

namespace CLGRPO.Data.Runs;

/// <summary>When a step's metrics are a reason to warn. The one list of such reasons: trainer and site both read it.</summary>
/// <remarks>Source: reference/grpo.md §8 and §12 for equal rewards, the inert clip and truncation.</remarks>
public sealed class RunWarningRule
{
    private const int LongSpell = 20;
    private readonly Func<double, bool> _isBad;
    private readonly Func<double, string> _message;

    private RunWarningRule(
        RunWarningKind kind,
        string metric,
        int steps,
        Func<double, bool> isBad,
        Func<double, string> message
    ) => (Kind, Metric, Steps, _isBad, _message) = (kind, metric, steps, isBad, message);

    public static IReadOnlyList<RunWarningRule> All { get; } =
    [
        new(
            RunWarningKind.ZeroVariance,
            "frac_reward_zero_std",
            steps: 5,
            value => value >= 1,
            _ =>
                "For 5 steps every group had equal rewards: nothing is learnt. Look at the completions; other rewards, a higher temperature or a larger max_completion_tokens may help."
        ),
        new(
            RunWarningKind.ZeroVariance,
            "frac_reward_zero_std",
            LongSpell,
            value => value > 0.4,
            value =>
                $"{Share(value)} of the groups had equal rewards and taught nothing; more than 40 % for {LongSpell} steps."
        ),
        new(
            RunWarningKind.ClipInert,
            "clip_ratio/region_mean",
            LongSpell,
            value => value == 0,
            _ =>
                $"For {LongSpell} steps the clip stopped no token: epsilon_low and epsilon_high are wide for this learning rate."
        ),
        new(
            RunWarningKind.Truncation,
            "completions/clipped_ratio",
            steps: 1,
            value => value > 0.9,
            value =>
                $"{Share(value)} of the completions were cut at max_completion_tokens, before their answer: raise it."
        ),
        new(
            RunWarningKind.Truncation,
            "completions/clipped_ratio",
            LongSpell,
            value => value > 0.2,
            value =>
                $"{Share(value)} of the completions were cut at max_completion_tokens; more than 20 % for {LongSpell} steps."
        ),
        new(
            RunWarningKind.EntropyCollapse,
            "entropy",
            LongSpell,
            value => value < 0.05,
            value =>
                $"entropy is {value.ToString("0.###", CultureInfo.InvariantCulture)}, below 0.05 for {LongSpell} steps: the policy says nearly the same each time."
        ),
        new(
            RunWarningKind.Divergence,
            "kl",
            steps: 3,
            value => value > 10,
            value =>
                $"kl is {value.ToString("0.#", CultureInfo.InvariantCulture)}, above 10 for 3 steps: the policy has run far from its reference."
        ),
        .. from metric in (string[])["loss", "grad_norm", "kl", "entropy"]
        select new RunWarningRule(
            RunWarningKind.Divergence,
            metric,
            steps: 1,
            value => !double.IsFinite(value),
            _ => $"{metric} is not a finite number."
        ),
    ];

    public RunWarningKind Kind { get; }

    /// <summary>The metric it is about.</summary>
    public string Metric { get; }

    /// <summary>Steps in a row that it must hold.</summary>
    public int Steps { get; }

    /// <summary>Whether a step's metrics are such a reason.</summary>
    public bool Holds(IReadOnlyDictionary<string, double> metrics) =>
        metrics.TryGetValue(Metric, out var value) && _isBad(value) && CanAct(metrics);

    /// <param name="metrics">Of the step at which it has held long enough.</param>
    public RunWarning Warning(IReadOnlyDictionary<string, double> metrics) =>
        new(
            Kind,
            _message(metrics[Metric]),
            new Dictionary<string, double>(StringComparer.Ordinal) { [Metric] = metrics[Metric] }
        );

    // With one update to a rollout batch no clip can act, and the recipe's own check has said so.
    private bool CanAct(IReadOnlyDictionary<string, double> metrics) =>
        Kind != RunWarningKind.ClipInert || (metrics.TryGetValue("num_updates", out var updates) && updates > 1);

    private static string Share(double value) => value.ToString("P0", CultureInfo.InvariantCulture);
}
