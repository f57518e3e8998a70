namespace CLGRPO.Training.Rewards;

/// <summary>0 up to the limit minus a margin, then falling in a straight line to −1 at the limit, −1 beyond.</summary>
/// <remarks>Source: DAPO, arXiv:2503.14476 equation 13.</remarks>
public sealed class SoftOverlong : IReward
{
    public const string RewardName = "soft_overlong";

    private readonly int _marginTokens;

    /// <param name="marginTokens">Tokens before the limit within which length costs (the paper's L_cache); at least 1.</param>
    public SoftOverlong(int marginTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(marginTokens, 1);
        _marginTokens = marginTokens;
    }

    public string Name => RewardName;

    public float? Score(RewardInput input)
    {
        var free = input.MaxCompletionTokens - _marginTokens;
        var length = input.CompletionIds.Count;
        return length <= free ? 0f
            : length <= input.MaxCompletionTokens ? (float)(free - length) / _marginTokens
            : -1f;
    }
}
