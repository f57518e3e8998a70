using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>What a run holds on the disk.</summary>
/// <param name="Checkpoints">Sealed ones.</param>
/// <param name="Pinned">How many of them are kept whatever comes.</param>
/// <param name="CheckpointBytes">Of all files under its checkpoints.</param>
/// <param name="OtherBytes">Rollouts, events, logs and answers.</param>
public sealed record RunUse(string Run, int Checkpoints, int Pinned, long CheckpointBytes, long OtherBytes);

/// <summary>What runs hold on the disk, and what of it could go.</summary>
public sealed class RunStorage(TrainingService training, TimeProvider clock)
{
    /// <summary>Checkpoints that nothing needs are offered for deletion when they are older than this.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromDays(7);

    /// <summary>Every run, the largest first.</summary>
    public IReadOnlyList<RunUse> Uses() =>
        [
            .. training
                .All()
                .Select(run => training.Directory(run.Id))
                .OfType<RunDirectory>()
                .Select(Use)
                .OrderByDescending(use => use.CheckpointBytes + use.OtherBytes),
        ];

    /// <summary>Checkpoints that are old, and neither pinned, nor handed on by a stage, nor what a run goes on from.</summary>
    public IReadOnlyList<(string Run, RunCheckpoint Checkpoint)> Spare() =>
        [
            .. from run in training.All()
            let directory = training.Directory(run.Id)
            where directory is not null
            let newest = RunCheckpoints.NewestName(directory)
            from checkpoint in RunCheckpoints.List(directory)
            where clock.GetUtcNow() - checkpoint.SavedAt > Age
            where RunCheckpoints.WhyKept(checkpoint.Pinned, checkpoint.EndOf, checkpoint.Name == newest) is null
            select (run.Id, checkpoint),
        ];

    /// <summary>Deletes what <see cref="Spare"/> names now.</summary>
    /// <returns>How many went, and their bytes.</returns>
    public (int Count, long Bytes) Free()
    {
        var (count, bytes) = (0, 0L);
        foreach (var (run, checkpoint) in Spare())
        {
            try
            {
                RunCheckpoints.Delete(training.Directory(run)!, checkpoint.Name);
                (count, bytes) = (count + 1, bytes + checkpoint.Bytes);
            }
            catch (Exception e) when (e is RunStateException or KeyNotFoundException)
            {
                // Pinned, or deleted, by somebody else meanwhile.
            }
        }
        return (count, bytes);
    }

    private static RunUse Use(RunDirectory run)
    {
        var all = Bytes(run.Path);
        var checkpoints = Bytes(run.CheckpointsPath);
        return new RunUse(
            run.Id,
            RunCheckpoints.List(run).Count,
            RunPins.Read(run).Count,
            checkpoints,
            all - checkpoints
        );
    }

    // A trainer writes and deletes meanwhile.
    private static long Bytes(string folder)
    {
        var bytes = 0L;
        if (!Directory.Exists(folder))
            return bytes;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                bytes += file.Length;
            }
            catch (FileNotFoundException)
            {
                // It has just gone.
            }
        }
        return bytes;
    }
}
