using System.CommandLine;
using System.Diagnostics;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Commands;

/// <summary><c>cot build|resume|pause|cancel|status|report</c>.</summary>
public static class CotCommands
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(5);

    /// <param name="checkpoint">Loads a model of our own as a teacher; null where the program has none to load.</param>
    public static Command Create(Func<StoredTeacher, ITeacher>? checkpoint = null)
    {
        var store = new StoreArguments();
        var command = new Command("cot", "Builds chain-of-thought data with teachers")
        {
            Build(store, checkpoint),
            Resume(store, checkpoint),
            Ask(
                store,
                "pause",
                "Pauses a construction that another process works on; 'resume' goes on",
                JobState.Paused
            ),
            Ask(store, "cancel", "Ends a construction for good; what it accepted stays", JobState.Cancelled),
            Status(store),
            Report(store),
        };
        store.AddTo(command);
        return command;
    }

    private static Command Build(StoreArguments store, Func<StoredTeacher, ITeacher>? checkpoint)
    {
        var dataset = new Argument<string>("dataset") { Description = "An imported data set" };
        var name = new Option<string?>("--name") { Description = "Of the construction; the data set's by default" };
        var trial = new Option<int?>("--dry-run")
        {
            Description = "Only this many samples; what it accepts is looked at and never frozen",
        };
        var settings = new ConstructionOptions();
        var command = new Command("build", "Begins a construction and works on it") { dataset, name, trial };
        settings.AddTo(command);
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                var config = settings.Read(parsed);
                var limit = parsed.GetValue(trial);
                var job = await JobSetup.Create(
                    database,
                    parsed.GetValue(dataset)!,
                    parsed.GetValue(name) ?? parsed.GetValue(dataset)!,
                    limit is null ? config : config with { Limit = limit },
                    StoreArguments.Actor,
                    isTrial: limit is not null
                );
                return await Work(store, database, job.Id, checkpoint, parsed, stop);
            }
        );
        return command;
    }

    private static Command Resume(StoreArguments store, Func<StoredTeacher, ITeacher>? checkpoint)
    {
        var job = Job();
        var command = new Command("resume", "Goes on with a construction that was stopped") { job };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                return await Work(store, database, parsed.GetValue(job), checkpoint, parsed, stop);
            }
        );
        return command;
    }

    private static Command Ask(StoreArguments store, string verb, string description, JobState state)
    {
        var job = Job();
        var command = new Command(verb, description) { job };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                await JobSetup.Ask(database, parsed.GetValue(job), state, stop);
                return 0;
            }
        );
        return command;
    }

    private static Command Status(StoreArguments store)
    {
        var command = new Command("status", "Lists the constructions");
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                await using var context = database.CreateDbContext();
                var ids = await context.Jobs.OrderBy(job => job.Id).Select(job => job.Id).ToListAsync(stop);
                foreach (var id in ids)
                {
                    var report = await ConstructionProgress.Of(database, id, TimeProvider.System, stop);
                    await parsed.InvocationConfiguration.Output.WriteLineAsync(ConstructionText.Line(report));
                }
                return 0;
            }
        );
        return command;
    }

    private static Command Report(StoreArguments store)
    {
        var job = Job();
        var command = new Command("report", "Acceptance by teacher and class, reasons, agreement, cost") { job };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                var report = await ConstructionReport.Of(database, parsed.GetValue(job), TimeProvider.System, stop);
                await parsed.InvocationConfiguration.Output.WriteAsync(ConstructionText.Page(report));
                return 0;
            }
        );
        return command;
    }

    /// <summary>Works on a job until it is done or the keyboard stops it (Ctrl+C pauses; <c>resume</c> goes on).</summary>
    private static async Task<int> Work(
        StoreArguments store,
        StoreFactory database,
        long jobId,
        Func<StoredTeacher, ITeacher>? checkpoint,
        ParseResult parsed,
        CancellationToken stop
    )
    {
        var output = parsed.InvocationConfiguration.Output;
        var setup = await JobSetup.Load(database, store.Root(parsed), jobId);
        var teachers = new TeacherFactory(await Origins(database, stop), () => store.Keys(parsed), checkpoint);
        await using var construction = await CotConstruction.Open(
            setup,
            (teacher, log, spent) => new TeacherDesk(teachers.Create(teacher), log, spent: spent)
        );
        using var done = new CancellationTokenSource();
        var reporting = Tell(database, jobId, output, done.Token);
        JobState state;
        try
        {
            state = await construction.Run(stop);
        }
        finally
        {
            await done.CancelAsync();
            await reporting;
        }
        var report = await ConstructionProgress.Of(database, jobId, TimeProvider.System, CancellationToken.None);
        await output.WriteLineAsync(ConstructionText.Line(report));
        return state == JobState.Completed ? 0 : 1;
    }

    private static async Task<OriginAllowList> Origins(StoreFactory database, CancellationToken stop)
    {
        await using var context = database.CreateDbContext();
        return OriginAllowList.Of(await context.AllowedOrigins.AsNoTracking().ToListAsync(stop));
    }

    private static async Task Tell(StoreFactory database, long jobId, TextWriter output, CancellationToken done)
    {
        using var timer = new PeriodicTimer(ReportEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
            {
                var begun = Stopwatch.GetTimestamp();
                var progress = await ConstructionProgress.Of(database, jobId, TimeProvider.System, done);
                await output.WriteLineAsync(ConstructionText.Line(progress));
                // In a large job counting takes a while: it is given a twentieth of the time at most.
                timer.Period = Max(ReportEvery, 20 * Stopwatch.GetElapsedTime(begun));
            }
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // The work is done.
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static Argument<long> Job() => new("construction") { Description = "Its number, as 'cot status' lists it" };
}
