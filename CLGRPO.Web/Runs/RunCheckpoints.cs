using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>A sealed checkpoint of a run.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Bytes">All files together.</param>
/// <param name="Hash">Of its manifest: names its content.</param>
/// <param name="Pinned">Kept whatever comes.</param>
/// <param name="EndOf">The stage that handed it on; null when none did.</param>
public sealed record RunCheckpoint(
    string Name,
    long Bytes,
    string Hash,
    DateTimeOffset SavedAt,
    bool Pinned,
    string? EndOf
);

/// <summary>Lists and deletes a run's checkpoints.</summary>
internal static class RunCheckpoints
{
    public static IReadOnlyList<RunCheckpoint> List(RunDirectory run)
    {
        if (!Directory.Exists(run.CheckpointsPath))
            return [];
        var pins = RunPins.Read(run);
        var ends = new StageLedger(run).Finished;
        return
        [
            .. Directory
                .EnumerateDirectories(run.CheckpointsPath, "step-*")
                .Where(path => File.Exists(Path.Combine(path, CheckpointManifest.FileName)))
                .Where(path => !path.Contains(".tmp-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(path => Describe(path, pins, ends)),
        ];
    }

    /// <exception cref="KeyNotFoundException">There is no such checkpoint.</exception>
    public static void Pin(RunDirectory run, string name, bool pinned)
    {
        Require(run, name);
        RunPins.Set(run, name, pinned);
    }

    /// <exception cref="KeyNotFoundException">There is no such checkpoint.</exception>
    /// <exception cref="RunStateException">It is still needed.</exception>
    public static void Delete(RunDirectory run, string name)
    {
        var checkpoint = Require(run, name);
        var why =
            checkpoint.Pinned ? "it is pinned"
            : checkpoint.EndOf is { } stage ? $"stage '{stage}' ended with it"
            : List(run)[^1].Name == name ? "the run goes on from it"
            : null;
        if (why is not null)
            throw new RunStateException($"Checkpoint '{name}' cannot be deleted: {why}.");
        Remove(run, checkpoint.Name);
    }

    /// <summary>Deletes a checkpoint without asking whether it is needed.</summary>
    /// <param name="name">One of the list's.</param>
    public static void Remove(RunDirectory run, string name)
    {
        // A reader takes only what is sealed, so the seal goes first.
        var folder = Path.Combine(run.CheckpointsPath, name);
        File.Delete(Path.Combine(folder, CheckpointManifest.FileName));
        Directory.Delete(folder, recursive: true);
    }

    private static RunCheckpoint Require(RunDirectory run, string name) =>
        List(run).FirstOrDefault(checkpoint => checkpoint.Name == name)
        ?? throw new KeyNotFoundException($"Run '{run.Id}' has no checkpoint '{name}'.");

    private static RunCheckpoint Describe(
        string path,
        IReadOnlySet<string> pins,
        IReadOnlyDictionary<string, FinishedStage> ends
    )
    {
        var name = Path.GetFileName(path);
        var files = new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories);
        return new RunCheckpoint(
            name,
            files.Sum(file => file.Length),
            CheckpointManifest.Hash(path),
            new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(path, CheckpointManifest.FileName))),
            pins.Contains(name),
            ends.FirstOrDefault(end => end.Value.Checkpoint == name).Key
        );
    }
}
