namespace CLGRPO.Training.Rewards;

/// <summary>Accuracy scaled by length along half a cosine: a short right answer earns 1.0, a long one 0.5; a short wrong
/// answer costs 1.0, a long one 0.5. No value without a label.</summary>
/// <remarks>Source: arXiv:2502.03373 §4.1 with the bounds of TRL's <c>get_cosine_scaled_reward</c>.</remarks>
public sealed class CosineScaledAccuracy : IReward
{
    public const string RewardName = "cosine_accuracy";

    private static readonly (float Long, float Short) Right = (0.5f, 1f);
    private static readonly (float Long, float Short) Wrong = (-0.5f, -1f);

    public string Name => RewardName;

    public float? Score(RewardInput input)
    {
        if (string.IsNullOrWhiteSpace(input.Label))
        {
            return null;
        }
        var (atLimit, atZero) = AccuracyReward.IsCorrect(input) ? Right : Wrong;
        var progress = Math.Min((double)input.CompletionIds.Count / input.MaxCompletionTokens, 1);
        return (float)(atLimit + (0.5 * (atZero - atLimit) * (1 + Math.Cos(Math.PI * progress))));
    }
}
