using CLGRPO.Training.Batches;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Stages;

/// <summary>How far a stage has come: with weights and optimizer, all that resuming needs.</summary>
/// <param name="Step">Steps done: optimizer steps of a fine-tuning stage, rollout batches of a GRPO stage.</param>
/// <param name="Prompts">Prompts drawn so far; more than steps × prompts where dynamic sampling drew again.</param>
/// <param name="BestScore">Best validation accuracy so far; null before the first validation.</param>
/// <param name="BestCheckpoint">Folder name of the checkpoint that reached it.</param>
/// <param name="TrainSeconds">Seconds of training, resumed parts added up.</param>
public sealed record StageProgress(
    int Step = 0,
    long Prompts = 0,
    double? BestScore = null,
    string? BestCheckpoint = null,
    double TrainSeconds = 0
);

/// <summary>Hears what a trainer does; validates and saves when it is time.</summary>
public interface IStageMonitor
{
    /// <summary>Called after every step, between updates, when the policy is whole.</summary>
    /// <param name="progress">Where the stage is now.</param>
    /// <param name="totalSteps">Where it ends.</param>
    /// <param name="metrics">The step's numbers under TRL's names.</param>
    /// <returns>The progress, with what validation and saving added.</returns>
    StageProgress StepCompleted(StageProgress progress, int totalSteps, IReadOnlyDictionary<string, double> metrics);

    /// <summary>A GRPO step's rollouts, for the run's record.</summary>
    void RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups);

    /// <summary>What the stage's first step trains on, before it does; not told where the stage goes on after that step.</summary>
    void FirstBatchFormed(FedBatch batch)
    {
        // Whoever only measures need not know.
    }

    /// <summary>Looks on while a step happens; null where nobody could.</summary>
    internal IRolloutObserver? Observer => null;
}
