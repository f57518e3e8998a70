namespace CLGRPO.Web.Runs;

/// <summary>Something about the newest step that a person should know, in one line.</summary>
/// <param name="Title">What is the matter, with its figure.</param>
/// <param name="Meaning">What it means and what helps.</param>
internal sealed record RunAlarm(string Title, string Meaning);

/// <summary>Reads alarms out of a step's metrics.</summary>
internal static class RunAlarms
{
    public static IReadOnlyList<RunAlarm> Of(IReadOnlyDictionary<string, double> metrics) =>
        [.. Diverged(metrics), .. Above(metrics)];

    private static IEnumerable<RunAlarm> Diverged(IReadOnlyDictionary<string, double> metrics) =>
        from metric in metrics
        where !double.IsFinite(metric.Value)
        select new RunAlarm(
            $"{metric.Key} is not a number.",
            "The weights are lost: abort, lower the learning rate, and go on from an earlier checkpoint."
        );

    private static IEnumerable<RunAlarm> Above(IReadOnlyDictionary<string, double> metrics)
    {
        if (metrics.TryGetValue("frac_reward_zero_std", out var equal) && equal > 0.4)
            yield return new RunAlarm(
                $"{RunWords.Share(equal)} of the groups teach nothing.",
                "All their completions earned the same reward, so every advantage is zero; other pictures or larger groups help."
            );
        if (metrics.TryGetValue("completions/clipped_ratio", out var cut) && cut > 0.2)
            yield return new RunAlarm(
                $"{RunWords.Share(cut)} of the completions were cut off.",
                "They reached max_completion_tokens before they ended; raise it, or train the format longer."
            );
        if (metrics.TryGetValue("entropy", out var entropy) && entropy < 0.05)
            yield return new RunAlarm(
                $"entropy is {RunWords.Number(entropy)}.",
                "The model gives nearly the same answer each time, so there is little left to learn from; raise epsilon_high or beta."
            );
    }
}
