using CLGRPO.Data.Cot;

namespace CLGRPO.Training.Rewards;

/// <summary>1 when the text inside the only <c>&lt;answer&gt;</c> is the label, else 0; no value without a label.</summary>
public sealed class AccuracyReward : IReward
{
    public const string RewardName = "accuracy";

    public string Name => RewardName;

    public float? Score(RewardInput input) =>
        string.IsNullOrWhiteSpace(input.Label) ? null
        : IsCorrect(input) ? 1f
        : 0f;

    // The style decides only what is well formed; the answer is read alike.
    internal static bool IsCorrect(RewardInput input) =>
        CompletionFormat.Matches(CompletionFormat.Parse(input.Completion, CompletionStyle.Cot).Answer, input.Label);
}
