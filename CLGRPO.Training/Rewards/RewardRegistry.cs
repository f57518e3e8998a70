using CLGRPO.Data.Cot;

namespace CLGRPO.Training.Rewards;

/// <summary>The rewards that a recipe can name.</summary>
public static class RewardRegistry
{
    private static readonly SortedDictionary<string, Func<RewardConfig, CompletionStyle, IReward>> Makers = new(
        StringComparer.Ordinal
    )
    {
        [FormatReward.RewardName] = (_, style) => new FormatReward(style),
        [AccuracyReward.RewardName] = (_, _) => new AccuracyReward(),
        [CosineScaledAccuracy.RewardName] = (_, _) => new CosineScaledAccuracy(),
        [RepetitionPenalty.RewardName] = (config, _) => new RepetitionPenalty(config.NgramSize, config.MaxPenalty),
        [SoftOverlong.RewardName] = (config, _) => new SoftOverlong(config.MarginTokens),
    };

    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <exception cref="ArgumentException">No reward has this name.</exception>
    public static IReward Create(RewardConfig config, CompletionStyle style) =>
        Makers.TryGetValue(config.Name, out var make)
            ? make(config, style)
            : throw new ArgumentException(
                $"There is no reward '{config.Name}'. Known rewards: {string.Join(", ", Names)}.",
                nameof(config)
            );
}
