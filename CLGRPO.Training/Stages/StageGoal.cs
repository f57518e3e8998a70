using CLGRPO.Data.Cot;

namespace CLGRPO.Training.Stages;

/// <summary>
/// What a stage of the method should reach on held-out images for the next to make sense. It is advice, not a gate: the next
/// stage begins either way, and whoever watches decides. The one place of these figures.
/// </summary>
/// <param name="Metric">accuracy or format, of the stage's evaluation.</param>
/// <param name="AtLeast">0 to 1; null: as high as that of the stage it began with.</param>
public sealed record StageGoal(string Metric, double? AtLeast)
{
    // Below it, a stage that rewards the format finds nothing to reward; above it, format is no matter any more.
    private const double LearntFormat = 0.9;
    private const double SureFormat = 0.97;

    /// <summary>The goal of a stage; null for one that teaches no reasoning.</summary>
    public static StageGoal? Of(Stage stage) =>
        stage.Completion != CompletionStyle.Cot ? null
        : stage.Grpo is not { } grpo ? new("format", LearntFormat)
        : grpo.Rewards.All(reward => reward.Name == "format") ? new("format", SureFormat)
        : new("accuracy", AtLeast: null);
}
