using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Live;

/// <summary>What the page of live rollouts has to know of a GRPO stage besides its frames.</summary>
/// <param name="Rewards">Names of the reward functions, in order.</param>
/// <param name="Updates">Optimizer steps per rollout batch; up to one, the clip cannot act.</param>
internal sealed record LiveStage(
    string Name,
    int Steps,
    IReadOnlyList<string> Rewards,
    double Temperature,
    double EpsilonLow,
    double EpsilonHigh,
    double Updates
)
{
    /// <summary>The GRPO stages of a run's recipe, in order; none when the recipe is of another build.</summary>
    public static IReadOnlyList<LiveStage> Of(RunDirectory run)
    {
        try
        {
            return
            [
                .. from stage in RecipeReader.ReadFile(run.RecipePath).Stages
                let grpo = stage.Grpo
                where grpo is not null
                select new LiveStage(
                    stage.Name,
                    grpo.Steps,
                    [.. grpo.Rewards.Select(reward => reward.Name)],
                    grpo.Sampling.Temperature,
                    grpo.Clip.EpsilonLow,
                    grpo.Clip.EpsilonHigh,
                    grpo.UpdatesPerRollout
                ),
            ];
        }
        catch (RecipeException)
        {
            return [];
        }
    }
}
