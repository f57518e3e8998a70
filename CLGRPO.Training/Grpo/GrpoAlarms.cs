namespace CLGRPO.Training.Grpo;

/// <summary>Notices a GRPO stage that runs but cannot learn. Source: reference/grpo.md §8 and §12.</summary>
/// <param name="silentSteps">Steps in a row without any spread of rewards before it is said.</param>
/// <param name="inertSteps">Steps in a row in which the clip stopped nothing before it is said.</param>
/// <param name="truncatedShare">Share of completions cut at the limit from which it is said.</param>
public sealed class GrpoAlarms(int silentSteps = 5, int inertSteps = 20, double truncatedShare = 0.9)
{
    private int _silent;
    private int _inert;
    private int _truncated;

    /// <returns>What to tell about this step; each alarm is raised once until its cause has gone.</returns>
    public IEnumerable<string> After(IReadOnlyDictionary<string, double> metrics)
    {
        if (Raised(ref _silent, metrics["frac_reward_zero_std"] >= 1, silentSteps))
            yield return $"For {silentSteps} steps every group had equal rewards: nothing is learnt. Look at the completions; other rewards, a higher temperature or a larger max_completion_tokens may help.";
        if (Raised(ref _inert, metrics["num_updates"] > 1 && metrics["clip_ratio/region_mean"] == 0, inertSteps))
            yield return $"For {inertSteps} steps the clip stopped no token: epsilon_low and epsilon_high are wide for this learning rate.";
        if (Raised(ref _truncated, metrics["completions/clipped_ratio"] > truncatedShare, 1))
            yield return $"{metrics["completions/clipped_ratio"]:P0} of the completions were cut at max_completion_tokens, before their answer: raise it.";
    }

    private static bool Raised(ref int count, bool holds, int limit)
    {
        count = holds ? count + 1 : 0;
        return count == limit;
    }
}
