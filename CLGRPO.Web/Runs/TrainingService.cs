using System.Collections.Concurrent;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>
/// Follows the folders of all runs and gives free slots to those that wait. What it knows it has from the folders, so a site
/// that was killed finds every run where it is; the processes that train go on without it.
/// </summary>
public sealed partial class TrainingService(
    ILauncher launcher,
    IOptions<TrainingOptions> options,
    TimeProvider clock,
    ILogger<TrainingService> log
) : BackgroundService
{
    private readonly ConcurrentDictionary<string, TrackedRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Subscription, Action<RunSummary, IReadOnlyList<RunEvent>>> _subscriptions =
        new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private const string Deleted = ".tmp-deleted-";

    private static readonly RunState[] Ended =
    [
        RunState.Completed,
        RunState.Stopped,
        RunState.Aborted,
        RunState.Failed,
        RunState.Crashed,
    ];

    private readonly Lock _gate = new(); // one look, or one command, at a time

    /// <summary>Be told of what is new about runs: a summary and the events that came.</summary>
    /// <param name="tell">Returns at once; what it does with the news it does elsewhere.</param>
    /// <returns>Ends it.</returns>
    public IDisposable Subscribe(Action<RunSummary, IReadOnlyList<RunEvent>> tell)
    {
        var subscription = new Subscription(this);
        _subscriptions[subscription] = tell;
        return subscription;
    }

    /// <summary>The runs that were not put away, newest first.</summary>
    public IReadOnlyList<RunSummary> Listed() => [.. All().Where(run => !run.Archived)];

    /// <summary>All runs, those that were put away too, newest first.</summary>
    public IReadOnlyList<RunSummary> All() =>
        [
            .. _runs
                .Values.Select(Summary)
                .OrderByDescending(run => run.CreatedAt)
                .ThenByDescending(run => run.Id, StringComparer.Ordinal),
        ];

    /// <summary>A run by its id; null when there is none.</summary>
    public RunSummary? Find(string id) => _runs.TryGetValue(id, out var run) ? Summary(run) : null;

    /// <summary>A run's folder; null when there is no such run. An id is looked up, never made into a path.</summary>
    public RunDirectory? Directory(string id) => _runs.TryGetValue(id, out var run) ? run.Directory : null;

    /// <summary>A run's recipe; null when there is no such run, or none that this build reads.</summary>
    public Recipe? Recipe(string id) => _runs.TryGetValue(id, out var run) ? run.Recipe : null;

    /// <summary>Makes a run and puts it in the queue.</summary>
    public RunSummary Create(string id, string recipeYaml, RunCard card)
    {
        lock (_gate)
        {
            var directory = RunDirectory.Create(
                Path.Combine(options.Value.RunsPath, id),
                recipeYaml,
                environmentJson: null
            );
            (card with { QueuedAt = clock.GetUtcNow() }).Write(directory);
            var run = _runs[id] = new TrackedRun(directory);
            Look(run);
            Wake();
            return Summary(run);
        }
    }

    /// <summary>Changes what people say about a run.</summary>
    /// <exception cref="RunStateException">It is to be archived and has not ended.</exception>
    public RunSummary Describe(string id, Func<RunCard, RunCard> change) =>
        Do(
            id,
            run =>
            {
                var changed = change(run.Card);
                if (changed.Archived && !run.Card.Archived)
                    Require(run, "archived", Ended);
                run.Write(changed);
            }
        );

    /// <summary>Deletes a run that was archived, for good.</summary>
    /// <exception cref="RunStateException">It has not ended, or is not archived.</exception>
    public void Delete(string id)
    {
        string gone;
        lock (_gate)
        {
            var run = Known(id);
            Look(run);
            Require(run, "deleted", Ended);
            if (!run.Card.Archived)
                throw new RunStateException(
                    $"Run '{id}' is not archived. Archive it first: what is deleted is gone for good."
                );
            // Out of the list at once, and whole until then.
            gone = $"{run.Directory.Path}{Deleted}{Guid.NewGuid():N}";
            System.IO.Directory.Move(run.Directory.Path, gone);
            _runs.TryRemove(id, out _);
        }
        System.IO.Directory.Delete(gone, recursive: true);
        LogDeleted(id);
    }

    /// <summary>Warnings that people want to hear no more of in this run.</summary>
    public IReadOnlyList<RunWarningKind> Muted(string id) => _runs.TryGetValue(id, out var run) ? run.Card.Muted : [];

    /// <summary>Mutes a kind of warning in a run, or lets it be heard again.</summary>
    public RunSummary Mute(string id, RunWarningKind kind, bool muted) =>
        Describe(
            id,
            card =>
                card with
                {
                    Muted = muted ? [.. card.Muted.Append(kind).Distinct()] : [.. card.Muted.Where(one => one != kind)],
                }
        );

    /// <summary>Asks a run to finish its step, save and wait; one that is being started does so after its first step.</summary>
    /// <exception cref="RunStateException">It is neither running nor being started.</exception>
    public RunSummary Pause(string id) =>
        Do(
            id,
            run =>
            {
                Require(run, "paused", RunState.Starting, RunState.Running, RunState.Pausing, RunState.Paused);
                RunControl.Write(run.Directory, RunCommand.Pause);
            }
        );

    /// <summary>Lets a paused run go on, or puts one that ended back in the queue; it goes on from its newest whole checkpoint.</summary>
    /// <exception cref="RunStateException">It is running, waiting or done.</exception>
    public RunSummary Resume(string id) =>
        Do(
            id,
            run =>
            {
                Require(
                    run,
                    "resumed",
                    RunState.Pausing,
                    RunState.Paused,
                    RunState.Stopped,
                    RunState.Aborted,
                    RunState.Failed,
                    RunState.Crashed
                );
                RunControl.Write(run.Directory, RunCommand.None);
                if (run.Writer is null && !run.IsLaunched)
                    Enqueue(run);
            }
        );

    /// <summary>Puts a run that ended back in the queue, to go on from one of its checkpoints; what came after that is removed.</summary>
    /// <exception cref="RunStateException">It has not ended, or a later checkpoint is pinned.</exception>
    /// <exception cref="KeyNotFoundException">There is no such run or checkpoint.</exception>
    public RunSummary ResumeFrom(string id, string checkpoint) =>
        Do(
            id,
            run =>
            {
                Require(run, "taken back to a checkpoint", Ended);
                RunRewind.To(run.Directory, checkpoint);
                RunControl.Write(run.Directory, RunCommand.None);
                Enqueue(run);
            }
        );

    /// <summary>Asks a run to finish its step, save and end; takes a waiting one out of the queue.</summary>
    /// <exception cref="RunStateException">It has ended.</exception>
    public RunSummary Stop(string id) => Do(id, run => End(run, "stopped", RunCommand.Stop));

    /// <summary>Ends a run without saving, after the step in hand; asked a second time, it ends the process at once.</summary>
    /// <exception cref="RunStateException">It has ended.</exception>
    public RunSummary Abort(string id) =>
        Do(
            id,
            run =>
            {
                if (run is { Writer: { } writer, Command: RunCommand.Abort })
                    launcher.Kill(writer);
                else
                    End(run, "aborted", RunCommand.Abort);
            }
        );

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        System.IO.Directory.CreateDirectory(options.Value.RunsPath);
        foreach (var rest in System.IO.Directory.GetDirectories(options.Value.RunsPath, $"*{Deleted}*"))
            System.IO.Directory.Delete(rest, recursive: true);
        while (!stoppingToken.IsCancellationRequested)
        {
            lock (_gate)
            {
                FindRuns();
                foreach (var run in _runs.Values)
                    Look(run);
                FillSlots();
            }
            Task news = _wake.WaitAsync(options.Value.LookEvery, stoppingToken);
            await news.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void FindRuns()
    {
        foreach (var path in System.IO.Directory.EnumerateDirectories(options.Value.RunsPath))
        {
            var id = Path.GetFileName(path);
            if (!_runs.ContainsKey(id) && !id.Contains(".tmp-", StringComparison.Ordinal) && RunDirectory.Exists(path))
                _runs[id] = new TrackedRun(RunDirectory.Open(path));
        }
        foreach (var gone in _runs.Values.Where(run => !RunDirectory.Exists(run.Directory.Path)))
            _runs.TryRemove(gone.Directory.Id, out _);
    }

    /// <summary>Reads what is new about a run and tells of it.</summary>
    private void Look(TrackedRun run)
    {
        IReadOnlyList<RunEvent> events;
        try
        {
            events = run.Refresh();
            if (run is { IsWaiting: false, Card.QueuedAt: not null })
                run.Write(run.Card with { QueuedAt = null }); // a process has taken it over
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogUnreadable(run.Directory.Id, e);
            return;
        }
        var summary = Summary(run);
        if (events.Count > 0 || run.Told != (summary.State, summary.IsStuck))
        {
            run.Told = (summary.State, summary.IsStuck);
            foreach (var tell in _subscriptions.Values)
                tell(summary, events);
        }
    }

    private void FillSlots()
    {
        var training = _runs.Values.Where(run => run.Writer is not null || run.IsLaunched).ToList();
        // One that was begun from the command line has no slot, and the machine no room for another beside it.
        var free = Enumerable
            .Range(0, launcher.Slots)
            .Except(training.Select(run => run.Card.Slot).OfType<int>())
            .Take(launcher.Slots - training.Count);
        var waiting = _runs
            .Values.Where(run => run.State() == RunState.Queued)
            .OrderByDescending(run => run.Card.Priority)
            .ThenBy(run => run.Card.QueuedAt);
        foreach (var (run, slot) in waiting.Zip(free).ToList())
            _ = TrainAsync(run, slot);
    }

    // What is put in the queue again is wanted again.
    private void Enqueue(TrackedRun run) => run.Write(run.Card with { QueuedAt = clock.GetUtcNow(), Archived = false });

    /// <summary>
    /// Starts a run's process and remembers how it ends, if the site lives to see it. On its card the run waits until the
    /// process has taken it over: a site that dies in between does not forget it.
    /// </summary>
    private async Task TrainAsync(TrackedRun run, int slot)
    {
        run.Launched(slot);
        Look(run);
        LogStarts(run.Directory.Id);
        int exit;
        try
        {
            exit = await launcher.Launch(run.Directory, slot);
        }
        catch (LaunchException e)
        {
            LogCannotStart(run.Directory.Id, e);
            await File.AppendAllTextAsync(run.Directory.LogPath, e.Message + "\n");
            exit = 1;
        }
        lock (_gate)
        {
            run.Exited(exit, clock.GetUtcNow());
            LogEnded(run.Directory.Id, exit);
            Look(run);
        }
        Wake();
    }

    private static void End(TrackedRun run, string what, RunCommand command)
    {
        Require(
            run,
            what,
            RunState.Queued,
            RunState.Starting,
            RunState.Running,
            RunState.Pausing,
            RunState.Paused,
            RunState.Stopping
        );
        if (run.State() == RunState.Queued)
            run.Write(run.Card with { QueuedAt = null });
        else
            RunControl.Write(run.Directory, command);
    }

    private RunSummary Do(string id, Action<TrackedRun> work)
    {
        lock (_gate)
        {
            var run = Known(id);
            Look(run);
            work(run);
            Look(run);
            Wake();
            return Summary(run);
        }
    }

    private TrackedRun Known(string id) =>
        _runs.TryGetValue(id, out var run) ? run : throw new KeyNotFoundException($"There is no run '{id}'.");

    private static void Require(TrackedRun run, string what, params RunState[] states)
    {
        if (!states.Contains(run.State()))
            throw new RunStateException(
                $"Run '{run.Directory.Id}' cannot be {what}: it is {run.State().ToString().ToLowerInvariant()}."
            );
    }

    private RunSummary Summary(TrackedRun run) => run.Summary(options.Value.StuckGrace, clock.GetUtcNow());

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private sealed class Subscription(TrainingService training) : IDisposable
    {
        public void Dispose() => training._subscriptions.TryRemove(this, out _);
    }

    [LoggerMessage(LogLevel.Warning, "Run {Run} cannot be read")]
    private partial void LogUnreadable(string run, Exception why);

    [LoggerMessage(LogLevel.Information, "Run {Run} was deleted")]
    private partial void LogDeleted(string run);

    [LoggerMessage(LogLevel.Information, "Run {Run} starts")]
    private partial void LogStarts(string run);

    [LoggerMessage(LogLevel.Error, "Run {Run} cannot be started")]
    private partial void LogCannotStart(string run, Exception why);

    [LoggerMessage(LogLevel.Information, "The process of run {Run} ended with {Exit}")]
    private partial void LogEnded(string run, int exit);
}

/// <summary>A run is not in a state in which that can be asked of it.</summary>
public sealed class RunStateException(string message) : Exception(message);
