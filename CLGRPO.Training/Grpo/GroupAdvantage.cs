namespace CLGRPO.Training.Grpo;

/// <summary>Rewards of a rollout batch turned into advantages, with the numbers that are logged.</summary>
/// <param name="Rewards">[rollouts]; the weighted sum over the reward functions, NaN where none gave a value.</param>
/// <param name="Advantages">[rollouts]; 0 where there is no reward.</param>
/// <param name="RewardMean">TRL's <c>reward</c>.</param>
/// <param name="RewardStd">TRL's <c>reward_std</c>: over the whole batch, n − 1.</param>
/// <param name="FracRewardZeroStd">TRL's <c>frac_reward_zero_std</c>. With batch scaling it looks at the batch's deviation, as TRL does.</param>
/// <param name="SilentGroups">Groups whose rewards are all equal (or unknown): they teach nothing.</param>
/// <param name="FunctionMeans">[functions]; <c>rewards/{name}/mean</c> over the rollouts it scored, NaN when none.</param>
/// <param name="FunctionStds">[functions]; <c>rewards/{name}/std</c>.</param>
public sealed record GroupAdvantages(
    float[] Rewards,
    float[] Advantages,
    double RewardMean,
    double RewardStd,
    double FracRewardZeroStd,
    IReadOnlyList<int> SilentGroups,
    double[] FunctionMeans,
    double[] FunctionStds
);

/// <summary>Group-relative advantages.</summary>
/// <remarks>Source: GRPO, arXiv:2402.03300 §4.1.2; sample deviation (n − 1) and ε = 1e-4 as in TRL's GRPOTrainer.</remarks>
public static class GroupAdvantage
{
    /// <summary>Added to the deviation, so that a group of equal rewards gets 0, not NaN.</summary>
    public const double DefaultEpsilon = 1e-4;

    // torch.isclose(std, 0): TRL's idea of "no spread".
    private const double ZeroSpread = 1e-8;

    /// <summary>Weighs several reward functions into one reward and normalises it.</summary>
    /// <param name="scores">[rollouts, functions], row-major; groups are consecutive rows; NaN = no value.</param>
    /// <param name="weights">[functions].</param>
    /// <param name="groupSize">Completions per prompt (the paper's G); at least 2.</param>
    /// <exception cref="ArgumentException">The scores are not a whole number of groups.</exception>
    public static GroupAdvantages Compute(
        ReadOnlySpan<float> scores,
        ReadOnlySpan<double> weights,
        int groupSize,
        RewardScale scale = RewardScale.Group,
        double epsilon = DefaultEpsilon
    )
    {
        var rewards = Combine(scores, weights);
        var advantages = Normalize(rewards, groupSize, scale, epsilon);
        var all = Spread.Of(rewards);
        var silent = SilentGroups(rewards, groupSize);
        var groups = rewards.Length / groupSize;
        var means = new double[weights.Length];
        var stds = new double[weights.Length];
        for (var k = 0; k < weights.Length; k++)
        {
            var column = Spread.Of(Column(scores, k, weights.Length));
            (means[k], stds[k]) = (column.Mean, column.Std);
        }
        return new GroupAdvantages(
            rewards,
            advantages,
            all.Mean,
            all.Std,
            scale != RewardScale.Batch ? (double)silent.Count / groups
                : all.Std <= ZeroSpread ? 1
                : 0,
            silent,
            means,
            stds
        );
    }

    /// <summary>R = Σ w·r over the functions that gave a value; NaN when none did.</summary>
    /// <param name="scores">[rollouts, functions], row-major; NaN = no value.</param>
    public static float[] Combine(ReadOnlySpan<float> scores, ReadOnlySpan<double> weights)
    {
        if (weights.IsEmpty || scores.Length % weights.Length != 0)
        {
            throw new ArgumentException(
                $"{scores.Length} scores are not whole rows of {weights.Length} reward functions.",
                nameof(scores)
            );
        }
        var rewards = new float[scores.Length / weights.Length];
        for (var row = 0; row < rewards.Length; row++)
        {
            var (sum, known) = (0.0, false);
            for (var k = 0; k < weights.Length; k++)
            {
                var score = scores[(row * weights.Length) + k];
                if (!float.IsNaN(score))
                {
                    sum += weights[k] * score;
                    known = true;
                }
            }
            rewards[row] = known ? (float)sum : float.NaN;
        }
        return rewards;
    }

    /// <summary>Turns the rewards of each group into advantages: (reward − mean) / (std + ε).</summary>
    /// <param name="rewards">[prompts, groupSize], row-major; any unit, higher is better; NaN = no reward.</param>
    /// <param name="groupSize">Completions sampled per prompt (the paper's G); at least 2.</param>
    /// <param name="scale">Whose standard deviation divides.</param>
    /// <param name="epsilon">Added to the standard deviation.</param>
    /// <returns>[prompts, groupSize]; 0 for a rollout without a reward.</returns>
    /// <exception cref="ArgumentException"><paramref name="rewards"/> is not a whole number of groups.</exception>
    public static float[] Normalize(
        ReadOnlySpan<float> rewards,
        int groupSize,
        RewardScale scale = RewardScale.Group,
        double epsilon = DefaultEpsilon
    )
    {
        RequireGroups(rewards.Length, groupSize);
        var batch = Spread.Of(rewards);
        var advantages = new float[rewards.Length];
        for (var start = 0; start < rewards.Length; start += groupSize)
        {
            var group = Spread.Of(rewards.Slice(start, groupSize));
            var divisor = scale switch
            {
                RewardScale.Group => group.Std + epsilon,
                RewardScale.Batch => batch.Std + epsilon,
                RewardScale.None => 1,
                _ => throw new ArgumentOutOfRangeException(nameof(scale), scale, "Unknown reward scale."),
            };
            for (var i = start; i < start + groupSize; i++)
            {
                advantages[i] = float.IsNaN(rewards[i]) ? 0 : (float)((rewards[i] - group.Mean) / divisor);
            }
        }
        return advantages;
    }

    /// <summary>The groups whose known rewards are all equal; dynamic sampling replaces them.</summary>
    public static IReadOnlyList<int> SilentGroups(ReadOnlySpan<float> rewards, int groupSize)
    {
        RequireGroups(rewards.Length, groupSize);
        var silent = new List<int>();
        for (var group = 0; group < rewards.Length / groupSize; group++)
        {
            var spread = Spread.Of(rewards.Slice(group * groupSize, groupSize));
            if (!(spread.Std > ZeroSpread))
            {
                silent.Add(group);
            }
        }
        return silent;
    }

    private static void RequireGroups(int rewards, int groupSize)
    {
        if (groupSize < 2)
        {
            throw new ArgumentException(
                $"A group needs at least 2 completions to compare, got group_size {groupSize}.",
                nameof(groupSize)
            );
        }
        if (rewards == 0 || rewards % groupSize != 0)
        {
            throw new ArgumentException(
                $"{rewards} rewards are not a whole number of groups of {groupSize}.",
                nameof(rewards)
            );
        }
    }

    private static float[] Column(ReadOnlySpan<float> scores, int column, int columns)
    {
        var values = new float[scores.Length / columns];
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = scores[(row * columns) + column];
        }
        return values;
    }
}
