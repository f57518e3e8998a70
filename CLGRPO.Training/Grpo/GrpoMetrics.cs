using CLGRPO.Training.Rewards;

namespace CLGRPO.Training.Grpo;

/// <summary>A step's numbers under TRL's names; reference/grpo.md §9.</summary>
internal static class GrpoMetrics
{
    public static Dictionary<string, double> Of(
        GrpoConfig config,
        IReadOnlyList<IReward> rewards,
        GroupAdvantages judged,
        IReadOnlyList<TrainedRollout> rollouts,
        UpdateResult update
    )
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["loss"] = update.Loss,
            ["grad_norm"] = update.GradNorm,
            ["num_updates"] = update.Updates,
            ["num_tokens"] = rollouts.Sum(rollout => rollout.Completion.Ids.Length),
            ["reward"] = judged.RewardMean,
            ["reward_std"] = judged.RewardStd,
            ["frac_reward_zero_std"] = judged.FracRewardZeroStd,
            ["entropy"] = update.Mean(policy => policy.Entropy),
            ["clip_ratio/region_mean"] = update.Mean(policy => policy.RegionMean),
            ["clip_ratio/low_mean"] = update.Mean(policy => policy.LowMean),
            ["clip_ratio/low_min"] = update.Mean(policy => policy.LowMin),
            ["clip_ratio/high_mean"] = update.Mean(policy => policy.HighMean),
            ["clip_ratio/high_max"] = update.Mean(policy => policy.HighMax),
        };
        if (config.Beta != 0)
            metrics["kl"] = update.Mean(policy => policy.KL);
        for (var i = 0; i < rewards.Count; i++)
        {
            metrics[$"rewards/{rewards[i].Name}/mean"] = judged.FunctionMeans[i];
            metrics[$"rewards/{rewards[i].Name}/std"] = judged.FunctionStds[i];
        }
        AddLengths(metrics, "", [.. rollouts.Select(rollout => rollout.Completion.Ids.Length)]);
        AddLengths(
            metrics,
            "terminated_",
            [
                .. rollouts
                    .Where(rollout => rollout.Completion.Terminated)
                    .Select(rollout => rollout.Completion.Ids.Length),
            ]
        );
        metrics["completions/clipped_ratio"] =
            1 - rollouts.Average(rollout => rollout.Completion.Terminated ? 1.0 : 0.0);
        return metrics;
    }

    private static void AddLengths(Dictionary<string, double> metrics, string kind, int[] lengths)
    {
        metrics[$"completions/mean_{kind}length"] = lengths.DefaultIfEmpty().Average();
        metrics[$"completions/min_{kind}length"] = lengths.DefaultIfEmpty().Min();
        metrics[$"completions/max_{kind}length"] = lengths.DefaultIfEmpty().Max();
    }
}

/// <summary>How long the phases of a step take.</summary>
internal sealed class PhaseClock
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly List<(string Phase, double Seconds)> _laps = [];
    private long _last = TimeProvider.System.GetTimestamp();

    public void Lap(string phase)
    {
        var now = TimeProvider.System.GetTimestamp();
        _laps.Add((phase, TimeProvider.System.GetElapsedTime(_last, now).TotalSeconds));
        _last = now;
    }

    public void AddTo(Dictionary<string, double> metrics)
    {
        metrics["step_time"] = TimeProvider.System.GetElapsedTime(_start, _last).TotalSeconds;
        foreach (var (phase, seconds) in _laps)
            metrics[$"profiling/{phase}"] = seconds;
    }
}
