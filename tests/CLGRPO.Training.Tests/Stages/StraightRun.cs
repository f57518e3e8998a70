using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>A tiny run of all kinds of stages from start to end, once, for others to be compared with.</summary>
public class StraightRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _datasets;
    private readonly Precision _precision;

    public StraightRun(TinyEmoScenes data)
        : this(data, TinyRecipe.Sft, TinyRecipe.OnPolicy, TinyRecipe.OffPolicy) { }

    protected StraightRun(TinyEmoScenes data, params string[] stages)
        : this(data, Precision.Fp32, stages) { }

    protected StraightRun(TinyEmoScenes data, Precision precision, params string[] stages)
    {
        _precision = precision;
        _datasets = data.Version.Path[..^(data.Version.Name.Length + data.Version.Hash.Length + 2)];
        Recipe = WriteRecipe("tiny.yaml", stages);
        using var process = Start("straight", Recipe);
        var exit = process.WaitForEnd();
        Assert.True(exit == 0, $"The straight run ended with {exit}:\n{process.Output}");
        Run = Directory("straight");
    }

    /// <summary>The recipe's file.</summary>
    public string Recipe { get; }

    internal RunDirectory Run { get; }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    internal string WriteRecipe(string name, params string[] stages)
    {
        File.WriteAllText(_folder.File(name), TinyRecipe.Of(_precision, stages));
        return _folder.File(name);
    }

    internal string WriteBf16Recipe(string name, params string[] stages)
    {
        File.WriteAllText(_folder.File(name), TinyRecipe.Of(Precision.Bf16, stages));
        return _folder.File(name);
    }

    internal string PathOf(string run) => _folder.File(run);

    internal RunDirectory Directory(string run) => RunDirectory.Open(PathOf(run));

    /// <summary>Begins a run, or goes on with it.</summary>
    internal RunProcess Start(string run, string? recipe = null, string? datasets = null) =>
        RunProcess.Train([
            .. recipe is null ? (string[])[] : [recipe],
            "--run",
            PathOf(run),
            "--datasets",
            datasets ?? _datasets,
        ]);

    /// <summary>Goes on with a run, with options.</summary>
    internal RunProcess GoOn(string run, params ReadOnlySpan<string> options) =>
        RunProcess.Train(["--run", PathOf(run), "--datasets", _datasets, .. options]);

    /// <summary>The events so far; none before there is a run.</summary>
    internal IReadOnlyList<RunEvent> Events(string run) =>
        RunDirectory.Exists(PathOf(run)) ? RunEvents.Read(Directory(run)) : [];

    /// <summary>Fails unless a run has the weights, metrics, rollouts and evaluations of the straight one.</summary>
    internal void AssertSameAs(string name)
    {
        var run = Directory(name);
        var finished = new StageLedger(run).Finished;
        foreach (var (stage, expected) in new StageLedger(Run).Finished)
        {
            Assert.True(finished.TryGetValue(stage, out var found), $"Stage {stage} is not finished.");
            Assert.Equal(expected.Checkpoint, found.Checkpoint);
            AssertSameTensors(
                Path.Combine(Run.CheckpointsPath, expected.Checkpoint),
                Path.Combine(run.CheckpointsPath, found.Checkpoint)
            );
            AssertSameFile(
                Path.Combine(Run.EvaluationsPath, stage + ".json"),
                Path.Combine(run.EvaluationsPath, stage + ".json")
            );
        }
        Assert.Equal(Steps(Run), Steps(run));
        var rollouts = System.IO.Directory.GetFiles(Run.RolloutsPath, "*.ndjson", SearchOption.AllDirectories);
        Assert.Equal(RecipeReader.ReadFile(Recipe).Stages.Sum(stage => stage.Grpo?.Steps ?? 0), rollouts.Length);
        Assert.All(
            rollouts,
            path => AssertSameFile(path, Path.Combine(run.RolloutsPath, Path.GetRelativePath(Run.RolloutsPath, path)))
        );
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(run.CheckpointsPath, "*.tmp-*"));
    }

    /// <summary>Fails unless a run has the first batches of the straight one, to the byte.</summary>
    internal void AssertSameFirstBatches(string name)
    {
        var run = Directory(name);
        var files = System.IO.Directory.GetFiles(Run.FirstBatchPath, "*", SearchOption.AllDirectories);
        Assert.True(files.Length > RecipeReader.ReadFile(Recipe).Stages.Count, $"{files.Length} files");
        Assert.All(
            files,
            path =>
                AssertSameFile(path, Path.Combine(run.FirstBatchPath, Path.GetRelativePath(Run.FirstBatchPath, path)))
        );
    }

    /// <summary>Weights, moments, and the adapter where there is one.</summary>
    internal static void AssertSameTensors(string expected, string found)
    {
        var files = System.IO.Directory.GetFiles(expected, "*.safetensors", SearchOption.AllDirectories);
        Assert.True(files.Length >= 2, $"{expected} has {files.Length} files of tensors.");
        Assert.All(files, file => AssertSameFile(file, Path.Combine(found, Path.GetRelativePath(expected, file))));
    }

    internal static void AssertSameFile(string expected, string found) =>
        Assert.True(
            File.ReadAllBytes(expected).AsSpan().SequenceEqual(File.ReadAllBytes(found)),
            $"{found} differs from {expected}."
        );

    /// <summary>A line for each step that counts, with all its numbers but the times.</summary>
    private static List<string> Steps(RunDirectory run) =>
        [
            .. from step in RunEvents.EffectiveSteps(run)
            let metrics = from metric in step.Metrics!
            where metric.Key != "step_time" && !metric.Key.StartsWith("profiling/", StringComparison.Ordinal)
            orderby metric.Key
            select $"{metric.Key}={metric.Value:R}"
            select $"{step.Stage} {step.Step}: {string.Join(' ', metrics)}",
        ];
}
