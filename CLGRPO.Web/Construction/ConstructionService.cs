using System.Collections.Concurrent;
using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Construction;

/// <summary>A construction is not in a state in which that can be done.</summary>
public sealed class ConstructionStateException(string message) : Exception(message);

/// <summary>
/// Works on constructions: whoever began one may leave, and after a restart of the site, or its kill, what was not finished goes on.
/// Two constructions are worked on at once only where they have no teacher in common: a teacher's rate and places hold for both.
/// </summary>
public sealed partial class ConstructionService(
    StoreFactory store,
    TeacherRoom teachers,
    IOptions<SiteOptions> site,
    TimeProvider clock,
    ILogger<ConstructionService> log
) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<long, byte> _wanted = new();
    private readonly ConcurrentDictionary<long, Work> _working = new();
    private readonly SemaphoreSlim _news = new(0);

    /// <summary>A construction began, ended or changed its state; on any thread.</summary>
    public event EventHandler? Changed;

    private string Root => site.Value.DatasetsPath;

    /// <summary>Whether this site works on it now.</summary>
    public bool WorksOn(long id) => _working.ContainsKey(id);

    /// <summary>Whether some process works on it now.</summary>
    public bool IsWorkedOn(long id) => WorksOn(id) || CotConstruction.IsWorkedOn(Root, id);

    /// <summary>How it stands with the teachers of a construction; empty where this site does not work on it.</summary>
    public IReadOnlyList<DeskStanding> Standings(long id) =>
        _working.TryGetValue(id, out var work) && work.Construction is { } construction ? construction.Standings : [];

    /// <summary>How it stands with a teacher that is being asked now; null where it is not.</summary>
    public DeskStanding? StandingOf(string teacher) =>
        _working
            .Values.Where(work => work.Teachers.Contains(teacher))
            .SelectMany(work => work.Construction?.Standings ?? [])
            .FirstOrDefault(desk => desk.Teacher == teacher);

    /// <summary>Begins a construction.</summary>
    /// <exception cref="ConstructionException">The settings do not fit; everything that is wrong is named.</exception>
    public async Task<ConstructionJob> Begin(
        string dataset,
        string name,
        ConstructionConfig config,
        bool isTrial,
        string actor,
        CancellationToken stop
    )
    {
        var job = await JobSetup.Create(store, dataset, name, config, actor, isTrial, clock);
        await Note(job.Id, "construction.begin", actor, job.Config, stop);
        Want(job.Id);
        return job;
    }

    /// <summary>Nothing new is asked; what is in flight is waited for.</summary>
    /// <exception cref="ConstructionException">There is no such construction, or it is over.</exception>
    public Task Pause(long id, string actor, CancellationToken stop) => Ask(id, JobState.Paused, actor, stop);

    /// <summary>Ends it for good; what it accepted stays.</summary>
    /// <exception cref="ConstructionException">There is no such construction, or it is over.</exception>
    public Task Cancel(long id, string actor, CancellationToken stop) => Ask(id, JobState.Cancelled, actor, stop);

    /// <summary>Goes on.</summary>
    /// <param name="budget">A new budget of the construction; null leaves the one it has.</param>
    /// <exception cref="ConstructionException">There is no such construction, or it is over.</exception>
    /// <exception cref="ConstructionStateException">It is still being worked on.</exception>
    public async Task Resume(long id, double? budget, string actor, CancellationToken stop)
    {
        if (IsWorkedOn(id))
            throw new ConstructionStateException(
                $"Construction {id} is still being worked on; a pause waits for what is in flight. Try again in some seconds."
            );
        await JobSetup.Resume(store, id, budget, stop);
        await Note(
            id,
            "construction.resume",
            actor,
            budget is null ? null : JsonSerializer.Serialize(new { budget }),
            stop
        );
        Want(id);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var id in await Unfinished(stoppingToken))
            _wanted.TryAdd(id, 0);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                foreach (var id in _wanted.Keys.Where(id => !_working.ContainsKey(id)).Order())
                    await TakeUp(id, stoppingToken);
                await _news.WaitAsync(LookEvery, stoppingToken);
            }
        }
        finally
        {
            await Task.WhenAll(_working.Values.Select(work => work.Ended));
        }
    }

    public override void Dispose()
    {
        _news.Dispose();
        base.Dispose();
    }

    private async Task Ask(long id, JobState state, string actor, CancellationToken stop)
    {
        await JobSetup.Ask(store, id, state, stop);
        await Note(
            id,
            state == JobState.Paused ? "construction.pause" : "construction.cancel",
            actor,
            after: null,
            stop
        );
        _wanted.TryRemove(id, out _);
        if (_working.TryGetValue(id, out var work))
            await work.Halt();
        Tell();
    }

    private async Task<List<long>> Unfinished(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .Jobs.Where(job => job.State == JobState.Running || job.State == JobState.Queued)
            .Select(job => job.Id)
            .ToListAsync(stop);
    }

    private async Task TakeUp(long id, CancellationToken stopping)
    {
        await using var context = store.CreateDbContext();
        var job = await context.Jobs.AsNoTracking().SingleOrDefaultAsync(job => job.Id == id, stopping);
        if (job is not { State: JobState.Queued or JobState.Running })
        {
            _wanted.TryRemove(id, out _);
            return;
        }
        var config = ConstructionConfig.Parse(job.Config);
        HashSet<string> asked = [.. config.Generators, .. config.Verifiers];
        if (_working.Values.Any(work => work.Teachers.Overlaps(asked)) || CotConstruction.IsWorkedOn(Root, id))
            return;
        var work = new Work(CancellationTokenSource.CreateLinkedTokenSource(stopping), asked);
        _working[id] = work;
        work.Ended = Task.Run(() => Do(id, work, stopping), CancellationToken.None);
    }

    private async Task Do(long id, Work work, CancellationToken stopping)
    {
        try
        {
            var setup = await JobSetup.Load(store, Root, id, clock);
            var desks = await teachers.Desks(config: null, stopping);
            await using var construction = await CotConstruction.Open(setup, desks);
            work.Construction = construction;
            LogBegan(id, setup.Job.Name);
            Tell();
            var state = await construction.Run(work.Stopping);
            // The site ends: the next one goes on with it.
            if (state == JobState.Paused && stopping.IsCancellationRequested && !work.IsHalted)
                await SetState(id, JobState.Queued, failure: null);
            LogEnded(id, setup.Job.Name, state);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Before it began: it is still queued.
        }
        catch (Exception exception)
        {
            LogFailed(exception, id);
            await Explain(id, exception);
        }
        finally
        {
            work.Construction = null;
            // What the end of the site interrupted is found again by the next one.
            _wanted.TryRemove(id, out _);
            _working.TryRemove(id, out _);
            work.Dispose();
        }
        Tell();
        _news.Release();
    }

    /// <summary>What kept a construction from being worked on stands on its page; a person puts it right and lets it go on.</summary>
    private async Task Explain(long id, Exception exception)
    {
        var why = exception is ConstructionException or TeacherException or InvalidDataException or ArgumentException
            ? exception.Message
            : $"{exception.GetType().Name}; the site's log has it.";
        await SetState(id, JobState.Paused, why);
    }

    /// <summary>A construction that is over, or that failed with its own words, stays so.</summary>
    private async Task SetState(long id, JobState state, string? failure)
    {
        await using var context = store.CreateDbContext();
        await context
            .Jobs.Where(job => job.Id == id)
            .Where(job => job.State == JobState.Queued || job.State == JobState.Running || job.State == JobState.Paused)
            .ExecuteUpdateAsync(job => job.SetProperty(j => j.State, state).SetProperty(j => j.Failure, failure));
    }

    private async Task Note(long id, string action, string actor, string? after, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        context.Audit.Add(
            new AuditEntry
            {
                At = clock.GetUtcNow().UtcDateTime,
                Actor = actor,
                Action = action,
                Subject = $"construction:{id}",
                After = after,
            }
        );
        await context.SaveChangesAsync(stop);
    }

    private void Want(long id)
    {
        _wanted.TryAdd(id, 0);
        _news.Release();
        Tell();
    }

    private void Tell() => Changed?.Invoke(this, EventArgs.Empty);

    [LoggerMessage(Level = LogLevel.Information, Message = "Construction {Id} is worked on: {Name}")]
    private partial void LogBegan(long id, string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Construction {Id} ended as {State}: {Name}")]
    private partial void LogEnded(long id, string name, JobState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Construction {Id} cannot be worked on")]
    private partial void LogFailed(Exception exception, long id);

    /// <summary>A construction in work.</summary>
    private sealed class Work(CancellationTokenSource stop, IReadOnlySet<string> teachers) : IDisposable
    {
        public IReadOnlySet<string> Teachers { get; } = teachers;
        public CotConstruction? Construction { get; set; }
        public Task Ended { get; set; } = Task.CompletedTask;
        public CancellationToken Stopping { get; } = stop.Token;

        /// <summary>A person asked for it.</summary>
        public bool IsHalted { get; private set; }

        public async Task Halt()
        {
            IsHalted = true;
            try
            {
                await stop.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended.
            }
        }

        public void Dispose() => stop.Dispose();
    }
}
