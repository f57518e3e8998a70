using CLGRPO.Data.Cot;

namespace CLGRPO.Training.Rewards;

/// <summary>1 when the whole completion keeps the format of its style, else 0.</summary>
public sealed class FormatReward(CompletionStyle style = CompletionStyle.Cot) : IReward
{
    public const string RewardName = "format";

    public string Name => RewardName;

    public float? Score(RewardInput input) => CompletionFormat.Parse(input.Completion, style).WellFormed ? 1f : 0f;
}
