using System.Globalization;
using System.Text.RegularExpressions;
using CLGRPO.Data.Cot;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Evaluations;

/// <summary>How evaluations are put into words.</summary>
internal static partial class EvaluationWords
{
    // As recipes/nano-reproduce.yaml names them.
    private static readonly string[] AblationPrefixes = ["control-", "without-", "sweep-"];

    /// <summary>A new evaluation's id: what it is called, when it was ordered, and something that tells it from another of that second.</summary>
    public static string IdOf(EvaluationOrder order)
    {
        var slug = NotInIds().Replace(order.Name.ToLowerInvariant(), "-").Trim('-');
        return $"{(slug.Length == 0 ? "evaluation" : slug[..Math.Min(slug.Length, 40)])}-{order.CreatedAt:yyyyMMdd-HHmmss}-{Guid.NewGuid().ToString("N")[..4]}";
    }

    public static string Of(EvaluationState state) => state.ToString().ToLowerInvariant();

    /// <summary>The style of a state's pill.</summary>
    public static string Tone(EvaluationState state) =>
        state switch
        {
            EvaluationState.Complete => "ok",
            EvaluationState.Running => "accent",
            EvaluationState.Failed => "bad",
            _ => "",
        };

    public static string Decoding(double temperature) =>
        temperature == 0 ? "greedy" : string.Create(CultureInfo.InvariantCulture, $"sampled at T = {temperature:0.##}");

    /// <summary>A data set version with its hash cut short.</summary>
    public static (string Name, string Hash) Version(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (reference, "") : (reference[..at], reference[(at + 1)..Math.Min(reference.Length, at + 9)]);
    }

    public static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Percentage points with their sign.</summary>
    public static string Points(double share) =>
        (100 * share).ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture);

    public static string Probability(double p) =>
        p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Whether a stage's name says that it is the method with one thing changed.</summary>
    public static bool IsAblation(string? stage) =>
        stage is not null
        && AblationPrefixes.Any(prefix => stage.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>How a stage was trained: <c>80 GRPO steps, ε 0.2 / 0.1, from stage-2</c>.</summary>
    public static string Of(Stage stage)
    {
        var how =
            stage.Grpo is { } grpo
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{grpo.Steps} GRPO steps, ε {grpo.Clip.EpsilonLow:0.###} / {grpo.Clip.EpsilonHigh:0.###}"
                )
            : stage.Completion == CompletionStyle.Answer ? "labels only"
            : "SFT on COT data";
        return stage.StartsFromModel || stage.StartsFromPath ? how : $"{how}, from {stage.From}";
    }

    /// <summary>The first letters of a label, for a narrow column.</summary>
    public static string Short(string label) => label[..Math.Min(3, label.Length)];

    [GeneratedRegex(
        "[^a-z0-9]+",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex NotInIds();
}
