using System.Text.Json;
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
/// <param name="Stage">The stage in which it was saved; null where it does not say.</param>
/// <param name="Step">After this step of the stage.</param>
/// <param name="Metrics">Of that step, and of the evaluation then, if there was one.</param>
public sealed record RunCheckpoint(
    string Name,
    long Bytes,
    string Hash,
    DateTimeOffset SavedAt,
    bool Pinned,
    string? EndOf,
    string? Stage,
    int? Step,
    IReadOnlyDictionary<string, double> Metrics
);

/// <summary>Lists and deletes a run's checkpoints.</summary>
internal static class RunCheckpoints
{
    private static readonly IReadOnlyDictionary<string, double> None = new Dictionary<string, double>(
        StringComparer.Ordinal
    );

    /// <param name="history">Where the metrics are from; null: none are told.</param>
    public static IReadOnlyList<RunCheckpoint> List(RunDirectory run, RunHistory? history = null)
    {
        var pins = RunPins.Read(run);
        var ends = new StageLedger(run).Finished;
        return [.. Names(run).Select(name => Describe(run, name, pins, ends, history))];
    }

    /// <summary>Name of the newest; null when there is none.</summary>
    public static string? NewestName(RunDirectory run) => Names(run).LastOrDefault();

    /// <summary>Share of right answers at a checkpoint; null where it was not asked.</summary>
    public static double? AccuracyOf(RunCheckpoint checkpoint) =>
        checkpoint.EndOf is not null && checkpoint.Metrics.TryGetValue("test_accuracy", out var test) ? test
        : checkpoint.Metrics.TryGetValue("eval_accuracy", out var validation) ? validation
        : null;

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
        Require(run, name);
        var end = new StageLedger(run).Finished.FirstOrDefault(stage => stage.Value.Checkpoint == name).Key;
        if (WhyKept(RunPins.Read(run).Contains(name), end, name == NewestName(run)) is { } why)
            throw new RunStateException($"Checkpoint '{name}' cannot be deleted: {why}.");
        Remove(run, name);
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

    /// <summary>Why a checkpoint is not deleted; null when it may be.</summary>
    public static string? WhyKept(bool pinned, string? endOf, bool newest) =>
        pinned ? "it is pinned"
        : endOf is not null ? $"stage '{endOf}' ended with it"
        : newest ? "the run goes on from it"
        : null;

    /// <exception cref="KeyNotFoundException">There is no such checkpoint.</exception>
    private static void Require(RunDirectory run, string name)
    {
        if (!Names(run).Contains(name, StringComparer.Ordinal))
            throw new KeyNotFoundException($"Run '{run.Id}' has no checkpoint '{name}'.");
    }

    // Oldest first; what is not sealed, or not finished, is none.
    private static IEnumerable<string> Names(RunDirectory run) =>
        Directory.Exists(run.CheckpointsPath)
            ? Directory
                .EnumerateDirectories(run.CheckpointsPath, "step-*")
                .Where(path => File.Exists(Path.Combine(path, CheckpointManifest.FileName)))
                .Select(path => Path.GetFileName(path)!)
                .Where(name => !name.Contains(".tmp-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
            : [];

    private static RunCheckpoint Describe(
        RunDirectory run,
        string name,
        IReadOnlySet<string> pins,
        IReadOnlyDictionary<string, FinishedStage> ends,
        RunHistory? history
    )
    {
        var path = Path.Combine(run.CheckpointsPath, name);
        var state = StateOf(run, name);
        return new RunCheckpoint(
            name,
            new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length),
            CheckpointManifest.Hash(path),
            new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(path, CheckpointManifest.FileName))),
            pins.Contains(name),
            ends.FirstOrDefault(end => end.Value.Checkpoint == name).Key,
            state?.Stage,
            state?.Progress.Step,
            state is null ? None : history?.Find(state.Stage)?.Now.At(state.Progress.Step) ?? None
        );
    }

    // One of another build is shown, without what cannot be read.
    private static CheckpointState? StateOf(RunDirectory run, string name)
    {
        try
        {
            return new CheckpointStore(run.CheckpointsPath).ReadState(name);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }
}
