using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>
/// The folder <c>runs/id/</c> that holds everything about a run and is the truth about it: recipe, environment, events, rollouts,
/// checkpoints, evaluations, log, control. Reading needs nothing more; writing needs the <see cref="RunLock"/>.
/// </summary>
public sealed class RunDirectory
{
    private RunDirectory(string path) =>
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>The run's id: the folder's name.</summary>
    public string Id => System.IO.Path.GetFileName(Path);

    /// <summary>The fully resolved recipe, YAML.</summary>
    public string RecipePath => In("recipe.yaml");

    /// <summary>Build, machine and libraries, JSON.</summary>
    public string EnvironmentPath => In("environment.json");

    /// <summary>Numbered events, one JSON object per line, only ever appended; see <see cref="RunEvents"/>.</summary>
    public string EventsPath => In("events.ndjson");

    /// <summary>Folder of the rollouts, one file per step; see <see cref="RolloutLog"/>.</summary>
    public string RolloutsPath => In("rollouts");

    /// <summary>Folder of the checkpoints.</summary>
    public string CheckpointsPath => In("checkpoints");

    /// <summary>Folder of the evaluations' reports.</summary>
    public string EvaluationsPath => In("evaluations");

    /// <summary>Folder of what each stage's first step trained on; see <see cref="FirstBatch"/>.</summary>
    public string FirstBatchPath => In("first-batch");

    /// <summary>What the machine was at meanwhile; see <see cref="SystemLog"/>.</summary>
    public string SystemPath => In("system.ndjson");

    /// <summary>What the run said, in sentences.</summary>
    public string LogPath => In("log.txt");

    /// <summary>What the run is asked to do; see <see cref="RunControl"/>.</summary>
    public string ControlPath => In("control.json");

    /// <summary>The Unix socket on which the trainer offers tokens as they are sampled.</summary>
    public string LiveSocketPath => In("live.sock");

    /// <summary>True when the folder is a run.</summary>
    public static bool Exists(string path) => File.Exists(System.IO.Path.Combine(path, "recipe.yaml"));

    /// <summary>Makes a run: the folder appears with recipe and environment in it, or not at all.</summary>
    /// <param name="environmentJson">Null where another process will train it, which then says what it is.</param>
    /// <exception cref="IOException">The folder exists already.</exception>
    public static RunDirectory Create(string path, string recipeYaml, string? environmentJson)
    {
        var run = new RunDirectory(path);
        using var folder = new AtomicFolder(run.Path);
        foreach (var inner in (string[])[run.RolloutsPath, run.CheckpointsPath, run.EvaluationsPath])
            Directory.CreateDirectory(System.IO.Path.Combine(folder.Path, System.IO.Path.GetFileName(inner)));
        File.WriteAllText(System.IO.Path.Combine(folder.Path, System.IO.Path.GetFileName(run.RecipePath)), recipeYaml);
        if (environmentJson is not null)
            File.WriteAllText(
                System.IO.Path.Combine(folder.Path, System.IO.Path.GetFileName(run.EnvironmentPath)),
                environmentJson
            );
        folder.Commit();
        return run;
    }

    /// <summary>Opens a run that exists.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not a run.</exception>
    public static RunDirectory Open(string path) =>
        Exists(path)
            ? new RunDirectory(path)
            : throw new DirectoryNotFoundException(
                $"'{System.IO.Path.GetFullPath(path)}' is not a run: it has no recipe.yaml."
            );

    /// <summary>Takes the right to write; see <see cref="RunLock"/>.</summary>
    /// <exception cref="RunLockedException">Another process writes the run.</exception>
    public RunLock Lock() => RunLock.Take(this);

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
