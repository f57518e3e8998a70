using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary><c>train</c>: starts a run, or goes on with one.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var recipe = new Argument<string?>("recipe")
        {
            Description = "A recipe; not needed to go on with a run",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var run = new Option<string?>("--run") { Description = "The run's folder; not needed with --dry-run" };
        var model = new Option<string?>("--model")
        {
            Description = "The model's folder, in place of the one that the recipe names",
        };
        var dataset = new Option<string?>("--dataset")
        {
            Description = "A data set, in place of the one that the recipe names",
        };
        var force = new Option<bool>("--force")
        {
            Description = "Begin although the estimate says that memory does not suffice",
        };
        var detach = new Option<bool>("--detach")
        {
            Description =
                "Outlive the terminal or the site that starts it: a session of its own, what it says in the run's log.txt alone",
        };
        var keepOrders = new Option<bool>("--keep-orders")
        {
            Description =
                "A stop or abort that stands in control.json is meant for this process; else it counts only when it came after its start",
        };
        var keepFree = new Option<int>("--keep-free")
        {
            Description =
                "MiB that stay free on the disk: a checkpoint that would leave less waits, and the run with it",
            DefaultValueFactory = _ => RunSession.DefaultKeepFree,
        };
        var dryRun = new DryRun();
        var datasets = new Option<string>("--datasets")
        {
            Description = "Folder of the data sets",
            DefaultValueFactory = _ => "datasets",
        };
        var workers = CommonOptions.Workers();
        var device = CommonOptions.Device();
        var command = new Command("train", "Trains a recipe's stages, or goes on where a run stopped")
        {
            recipe,
            run,
            model,
            dataset,
            datasets,
            workers,
            device,
            force,
            detach,
            keepFree,
            keepOrders,
        };
        foreach (var option in dryRun.Options)
            command.Add(option);
        command.SetAction(parsed =>
        {
            var read = parsed.GetValue(recipe) is { } path
                ? With(RecipeReader.ReadFile(path), parsed.GetValue(model), parsed.GetValue(dataset))
                : null;
            var (roots, threads, where) = (
                parsed.GetValue(datasets)!,
                parsed.GetValue(workers),
                parsed.GetValue(device)!
            );
            if (dryRun.IsAsked(parsed))
                return dryRun.Run(
                    parsed,
                    read ?? throw new ArgumentException("--dry-run needs a recipe."),
                    roots,
                    threads,
                    where
                );
            var folder =
                parsed.GetValue(run) ?? throw new ArgumentException("--run is missing; give the folder of the run.");
            var started = parsed.GetValue(keepOrders) ? DateTime.UnixEpoch : Process.GetCurrentProcess().StartTime;
            int Work() =>
                Train(read, folder, roots, threads, where, parsed.GetValue(force), parsed.GetValue(keepFree), started);
            return parsed.GetValue(detach) ? Detached.Run(folder, Work) : Work();
        });
        return command;
    }

    private static Recipe With(Recipe recipe, string? model, string? dataset) =>
        recipe with
        {
            Model = model is null ? recipe.Model : new ModelSource { Path = model, Preset = null },
            Dataset = dataset ?? recipe.Dataset,
        };

    /// <summary>Begins a run, or goes on with it until all stages are done or it is asked to stop.</summary>
    /// <param name="begun">What to train; null goes on with whatever the run was begun with.</param>
    /// <param name="runPath">The run's folder.</param>
    /// <param name="datasets">Folder of the data sets.</param>
    /// <param name="workers">Threads that each take a share of a step, for a run that begins; null: as many as suit the device.</param>
    /// <param name="device">cpu, cuda or cuda:N, for a run that begins.</param>
    /// <param name="force">Begin although the estimate says that memory does not suffice.</param>
    /// <param name="keepFree">MiB of the disk that no checkpoint may take.</param>
    /// <param name="started">What the run was asked to do before was meant for an earlier process; null: before now.</param>
    /// <returns>The exit code: 0 when all stages are done, 130 when it was stopped.</returns>
    /// <exception cref="ArgumentException">The run does not fit this machine, or cannot be begun or gone on with.</exception>
    public static int Train(
        Recipe? begun,
        string runPath,
        string datasets,
        int? workers,
        string device,
        bool force = false,
        int keepFree = RunSession.DefaultKeepFree,
        DateTime? started = null
    )
    {
        var ordersFrom = (started ?? DateTime.UtcNow).ToUniversalTime();
        var exists = RunDirectory.Exists(runPath);
        if (!HasBegun(runPath) && !force && Asked(runPath, begun) is { } asked)
        {
            var where = ComputeDevice.Parse(device);
            DryRun.RequireFits(asked, datasets, ComputeDevice.Workers(where, workers), where);
        }
        var run = exists ? Reopen(runPath, begun) : Begin(runPath, begun, workers, device);
        if (!HasBegun(runPath))
            AtomicFile.WriteText(run.EnvironmentPath, Here(workers, device).ToJson());
        var environment = RunEnvironment.Of(run); // not today's options: they are part of what the run is
        var computeDevice = ComputeDevice.Parse(environment.Device);
        var recipe = RecipeReader.ReadFile(run.RecipePath);
        var dataset = DatasetVersion.Open(DatasetVersion.Find(datasets, recipe.Dataset));
        using var log = new StreamWriter(run.LogPath, append: true);
        var console = new RunConsole(log);
        foreach (var warning in recipe.Warnings())
            console.Say($"warning: {warning}");
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => AskToStop(signal, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => AskToStop(signal, stop));
        using var session = new RunSession(run, recipe, dataset, console, stop) { KeepFree = keepFree };
        using var threads = new WorkerThreads(environment.Workers);
        if (
            RunControl.Read(run) is RunCommand.Stop or RunCommand.Abort
            && File.GetLastWriteTimeUtc(run.ControlPath) < ordersFrom
        )
            RunControl.Write(run, RunCommand.None); // it was meant for the process before
        session.Events.Append(RunEvent.RunStarted($"data set {dataset.Name} {dataset.Hash}"));
        return Finish(session, () => !IsAskedToEnd(run) && new StageRunner(session, threads, computeDevice).Run());
    }

    /// <summary>Whether it was asked to stop before there was anything to do; a pause comes after the first step.</summary>
    /// <exception cref="OperationCanceledException">It was asked to abort.</exception>
    private static bool IsAskedToEnd(RunDirectory run) =>
        RunControl.Read(run) switch
        {
            RunCommand.Abort => throw new OperationCanceledException("aborted before its first step"),
            var command => command == RunCommand.Stop,
        };

    /// <summary>The worker's edge: a failure becomes the run's last event, with its reason.</summary>
    private static int Finish(RunSession session, Func<bool> work)
    {
        try
        {
            if (!work())
            {
                session.Events.Append(RunEvent.End("interrupted"));
                session.Console.Say($"stopped; `clgrpo train --run {session.Run.Path}` goes on");
                return 130;
            }
            session.Events.Append(RunEvent.End("completed"));
            return ReportCommand.Report(session.Run.Path);
        }
        catch (OperationCanceledException abort)
        {
            session.Events.Append(RunEvent.End("aborted"));
            session.Console.Say(abort.Message);
            return 130;
        }
        catch (Exception failure)
        {
            session.Events.Append(
                RunEvent.Error(
                    failure.Message,
                    kind: failure is NonFiniteGradientException ? RunWarningKind.Divergence : null
                )
            );
            session.Events.Append(RunEvent.End("failed"));
            session.Console.Say($"failed; {LastGood(session)}");
            throw;
        }
    }

    private static string LastGood(RunSession session) =>
        session.Checkpoints.Newest(out _) is { } name
            ? $"the last good checkpoint is {session.Checkpoints.PathOf(name)}"
            : "there is no checkpoint yet";

    /// <summary>The first signal ends the run after the step in hand; a second one ends the process at once.</summary>
    private static void AskToStop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }

    private static RunDirectory Begin(string path, Recipe? recipe, int? workers, string deviceName)
    {
        if (recipe is null)
            throw new ArgumentException($"There is no run in '{path}' to go on with; give a recipe to begin one.");
        return RunDirectory.Create(path, recipe.ToYaml(), Here(workers, deviceName).ToJson());
    }

    private static RunEnvironment Here(int? workers, string deviceName)
    {
        var device = ComputeDevice.Parse(deviceName);
        return RunEnvironment.Here(ComputeDevice.Workers(device, workers), device);
    }

    /// <summary>False also for a run that someone else has made and that no process has trained yet.</summary>
    private static bool HasBegun(string path) =>
        RunDirectory.Exists(path) && File.Exists(RunDirectory.Open(path).EnvironmentPath);

    private static Recipe? Asked(string path, Recipe? recipe) =>
        recipe ?? (RunDirectory.Exists(path) ? RecipeReader.ReadFile(RunDirectory.Open(path).RecipePath) : null);

    private static RunDirectory Reopen(string path, Recipe? recipe)
    {
        var run = RunDirectory.Open(path);
        if (recipe is not null && recipe.ContentHash() != RecipeReader.ReadFile(run.RecipePath).ContentHash())
            throw new ArgumentException(
                $"'{path}' was begun with another recipe than this '{recipe.Name}'. Go on with it by `clgrpo train --run {path}`, or begin a new run in another folder."
            );
        return run;
    }
}
