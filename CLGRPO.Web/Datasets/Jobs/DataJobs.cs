using System.Collections.Concurrent;
using System.Text.Json;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Datasets.Jobs;

/// <summary>
/// Does what takes longer than a request, one piece after another, and keeps the list of it in the store: whoever asked may leave, and after
/// a restart of the site what was not finished goes on.
/// </summary>
public sealed partial class DataJobs(StoreFactory store, DataWork work, TimeProvider clock, ILogger<DataJobs> log)
    : BackgroundService
{
    private const int MostKept = 200;
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly SemaphoreSlim _news = new(0);
    private readonly ConcurrentDictionary<long, Running> _running = new();

    /// <summary>Something about a job changed; may come often, on any thread.</summary>
    public event EventHandler? Changed;

    /// <summary>How jobs are written as JSON.</summary>
    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, Json);

    internal static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Json) ?? throw new JsonException("The job has no settings.");

    /// <summary>Queues work.</summary>
    public async Task<JobView> Add<T>(
        DataJobKind kind,
        string title,
        long? datasetId,
        T settings,
        string actor,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var now = clock.GetUtcNow().UtcDateTime;
        var job = new DataJob
        {
            Kind = kind,
            State = JobState.Queued,
            Title = title,
            DatasetId = datasetId,
            Settings = Write(settings),
            CreatedBy = actor,
            CreatedAt = now,
        };
        context.Add(job);
        context.Audit.Add(
            new AuditEntry
            {
                At = now,
                Actor = actor,
                Action = $"dataset.{kind.ToString().ToLowerInvariant()}.asked",
                Subject = datasetId is null ? "datasets" : $"dataset:{datasetId}",
                After = JsonSerializer.Serialize(title),
            }
        );
        await context.SaveChangesAsync(stop);
        _news.Release();
        Tell();
        return View(job);
    }

    /// <summary>Jobs, newest first.</summary>
    /// <param name="datasetId">Null for all.</param>
    public async Task<IReadOnlyList<JobView>> List(long? datasetId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var jobs = await context
            .DataJobs.AsNoTracking()
            .Where(job => datasetId == null || job.DatasetId == datasetId)
            .OrderByDescending(job => job.Id)
            .Take(MostKept)
            .ToListAsync(stop);
        return [.. jobs.Select(View)];
    }

    /// <summary>A job; null where there is none of that id.</summary>
    public async Task<JobView?> Find(long id, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context.DataJobs.AsNoTracking().SingleOrDefaultAsync(job => job.Id == id, stop) is { } job
            ? View(job)
            : null;
    }

    /// <summary>Stops a job that waits or runs. What an import has committed stays.</summary>
    /// <returns>Whether there was something to stop.</returns>
    public async Task<bool> Cancel(long id, CancellationToken stop)
    {
        if (_running.TryGetValue(id, out var running))
        {
            running.CancelledByPerson = true;
            await running.Stop.CancelAsync();
            return true;
        }
        await using var context = store.CreateDbContext();
        var job = await context.DataJobs.SingleOrDefaultAsync(
            job => job.Id == id && job.State == JobState.Queued,
            stop
        );
        if (job is null)
            return false;
        (job.State, job.FinishedAt) = (JobState.Cancelled, clock.GetUtcNow().UtcDateTime);
        await context.SaveChangesAsync(stop);
        work.Forget(job);
        Tell();
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Requeue(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await Next(stoppingToken) is { } job)
            {
                await Do(job, stoppingToken);
                continue;
            }
            await Sweep(stoppingToken);
            await _news.WaitAsync(SweepEvery, stoppingToken);
        }
    }

    private async Task Sweep(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var waiting = await context
            .DataJobs.Where(job => job.Kind == DataJobKind.Import && job.State == JobState.Queued)
            .Select(job => job.Settings)
            .ToListAsync(stop);
        work.Sweep(
            waiting
                .Select(settings => Read<ImportWork>(settings).Upload)
                .OfType<string>()
                .ToHashSet(StringComparer.Ordinal)
        );
    }

    public override void Dispose()
    {
        _news.Dispose();
        base.Dispose();
    }

    /// <summary>What was running when the site ended goes on.</summary>
    private async Task Requeue(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await context
            .DataJobs.Where(job => job.State == JobState.Running)
            .ExecuteUpdateAsync(job => job.SetProperty(j => j.State, JobState.Queued), stop);
    }

    private async Task<DataJob?> Next(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .DataJobs.Where(job => job.State == JobState.Queued)
            .OrderBy(job => job.Id)
            .FirstOrDefaultAsync(stop);
    }

    private async Task Do(DataJob job, CancellationToken stopping)
    {
        using var running = new Running(CancellationTokenSource.CreateLinkedTokenSource(stopping));
        _running[job.Id] = running;
        (job.State, job.StartedAt) = (JobState.Running, clock.GetUtcNow().UtcDateTime);
        try
        {
            await Save(job);
            LogStarted(job.Id, job.Kind, job.Title);
            job.Result = await work.Do(job, new Steps(this, job), running.Stop.Token);
            job.State = JobState.Completed;
        }
        catch (OperationCanceledException) when (running.Stop.IsCancellationRequested)
        {
            // The site ends: the next one goes on with it.
            job.State = running.CancelledByPerson ? JobState.Cancelled : JobState.Queued;
        }
        catch (Exception exception)
        {
            job.State = JobState.Failed;
            job.Failure = DataWork.Explain(job, exception);
            LogFailed(exception, job.Id, job.Kind, job.Title);
        }
        finally
        {
            _running.TryRemove(job.Id, out _);
        }
        if (job.State != JobState.Queued)
        {
            job.FinishedAt = clock.GetUtcNow().UtcDateTime;
            work.Forget(job);
        }
        await Save(job);
    }

    private async Task Save(DataJob job)
    {
        await using var context = store.CreateDbContext();
        context.Update(job);
        await context.SaveChangesAsync();
        Tell();
    }

    private void Tell() => Changed?.Invoke(this, EventArgs.Empty);

    private JobView View(DataJob job)
    {
        var steps = _running.TryGetValue(job.Id, out var running) ? running.Steps : null;
        return new JobView(
            job.Id,
            job.Kind,
            job.State,
            job.Title,
            job.DatasetId,
            steps?.Done ?? job.Done,
            steps?.Total ?? job.Total,
            job.Result is null ? null : JsonDocument.Parse(job.Result).RootElement,
            job.Failure,
            job.CreatedBy,
            job.CreatedAt,
            job.FinishedAt,
            job is { Kind: DataJobKind.Export, State: JobState.Completed } && File.Exists(work.ExportPath(job.Id))
        );
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Id} began: {Kind} of {Title}")]
    private partial void LogStarted(long id, DataJobKind kind, string title);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Id} failed: {Kind} of {Title}")]
    private partial void LogFailed(Exception exception, long id, DataJobKind kind, string title);

    private sealed class Running(CancellationTokenSource stop) : IDisposable
    {
        public CancellationTokenSource Stop { get; } = stop;
        public bool CancelledByPerson { get; set; }
        public (long Done, long? Total)? Steps { get; set; }

        public void Dispose() => Stop.Dispose();
    }

    /// <summary>Progress: shown at once, told to pages at most once a second.</summary>
    private sealed class Steps(DataJobs jobs, DataJob job) : IProgress<(long Done, long? Total)>
    {
        private long _told;

        public void Report((long Done, long? Total) value)
        {
            (job.Done, job.Total) = value;
            if (jobs._running.TryGetValue(job.Id, out var running))
                running.Steps = value;
            if (_told != 0 && jobs.Elapsed(_told) < TellEvery)
                return;
            _told = jobs.Now;
            jobs.Tell();
        }
    }

    private long Now => clock.GetTimestamp();

    private TimeSpan Elapsed(long since) => clock.GetElapsedTime(since);
}
