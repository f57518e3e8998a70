using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>Takes a run back to one of its checkpoints: the trainer goes on from the newest, so what came after is removed. Events and rollouts stay.</summary>
internal static class RunRewind
{
    /// <exception cref="KeyNotFoundException">There is no such checkpoint.</exception>
    /// <exception cref="RunStateException">A later one is pinned, or a process writes the run.</exception>
    public static void To(RunDirectory run, string name)
    {
        var checkpoints = RunCheckpoints.List(run);
        var chosen =
            checkpoints.FirstOrDefault(checkpoint => checkpoint.Name == name)
            ?? throw new KeyNotFoundException($"Run '{run.Id}' has no checkpoint '{name}'.");
        var later = checkpoints.Where(other => string.CompareOrdinal(other.Name, name) > 0).ToList();
        if (later.Find(checkpoint => checkpoint.Pinned) is { } pinned)
            throw new RunStateException(
                $"Run '{run.Id}' cannot go on from '{name}': '{pinned.Name}' came after it and is pinned. Let it go first."
            );
        try
        {
            using var right = run.Lock();
            Remove(run, chosen, later);
        }
        catch (RunLockedException e)
        {
            throw new RunStateException(e.Message);
        }
    }

    // The last stage first, and the newest checkpoint of it: wherever this is cut off, what is left can be gone on with.
    private static void Remove(RunDirectory run, RunCheckpoint chosen, IReadOnlyList<RunCheckpoint> later)
    {
        var store = new CheckpointStore(run.CheckpointsPath);
        var stageOf = later
            .Append(chosen)
            .ToDictionary(one => one.Name, one => store.ReadState(one.Name).Stage, StringComparer.Ordinal);
        var stages = RecipeReader.ReadFile(run.RecipePath).Stages.Select(stage => stage.Name).ToList();
        var done = stages.IndexOf(stageOf[chosen.Name]) - (chosen.EndOf is null ? 1 : 0);
        var ledger = new StageLedger(run);
        File.Delete(Path.Combine(run.Path, "report.json"));
        foreach (var stage in stages.Skip(done + 1).Reverse())
        {
            File.Delete(StageEvaluation.PathOf(run, stage));
            ledger.Remove(stage);
            foreach (var checkpoint in later.Reverse().Where(one => stageOf[one.Name] == stage))
                RunCheckpoints.Remove(run, checkpoint.Name);
        }
        // A stage that hands on its best one goes on a little after it.
        foreach (var checkpoint in later.Reverse().Where(one => stages.IndexOf(stageOf[one.Name]) <= done))
            RunCheckpoints.Remove(run, checkpoint.Name);
    }
}
