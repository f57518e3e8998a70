using System.Runtime.CompilerServices;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// What the store knows of a job: its items with their records and votes. Read page by page, so that memory does not grow
/// with the data set.
/// </summary>
internal sealed class JobItems(IDbContextFactory<StoreContext> store, ConstructionJob job, ConstructionConfig config)
{
    private const int PageSize = 500;

    /// <summary>The samples that the job is about become its items, in the order of their ids; goes on where it was stopped.</summary>
    public async Task EnterSamples(CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            await using var context = store.CreateDbContext();
            var entered = context.Items.Where(item => item.JobId == job.Id);
            var last = await entered.MaxAsync(item => (long?)item.SampleId, CancellationToken.None) ?? 0;
            var room = config.Limit is { } limit ? limit - await entered.CountAsync(CancellationToken.None) : PageSize;
            var samples = await Samples(context)
                .Where(sample => sample.Id > last)
                .OrderBy(sample => sample.Id)
                .Select(sample => sample.Id)
                .Take(Math.Clamp(room, 0, PageSize))
                .ToListAsync(CancellationToken.None);
            if (samples.Count == 0)
                return;
            context.AddRange(samples.Select(id => new ConstructionItem { JobId = job.Id, SampleId = id }));
            await context.SaveChangesAsync(CancellationToken.None);
        }
    }

    private IQueryable<StoredSample> Samples(StoreContext context) => SamplesOf(context, job.DatasetId, config, job.Id);

    /// <summary>The samples that a job of these settings is about, before its limit.</summary>
    /// <param name="jobId">The job, whose own records do not count as there already; null for one that is not yet made.</param>
    internal static IQueryable<StoredSample> SamplesOf(
        StoreContext context,
        long datasetId,
        ConstructionConfig config,
        long? jobId
    )
    {
        var splits = config.SplitsToUse;
        var samples = context.Samples.Where(sample =>
            sample.DatasetId == datasetId && sample.Split != null && splits.Contains(sample.Split.Value)
        );
        if (config.Labels is { } labels)
            samples = samples.Where(sample => labels.Contains(sample.Label));
        return config.OnlyMissing
            ? samples.Where(sample =>
                !sample.Records.Any(record =>
                    record.State == CotState.Accepted
                    && (jobId == null || record.JobId != jobId)
                    && !context.Jobs.Any(other => other.Id == record.JobId && other.IsTrial)
                )
            )
            : samples;
    }

    /// <summary>The round of the open item that is furthest behind; null when none is open.</summary>
    public async Task<int?> CurrentRound()
    {
        await using var context = store.CreateDbContext();
        return await context
            .Items.Where(item => item.JobId == job.Id && item.State == ItemState.Open)
            .MinAsync(item => (int?)item.Attempts);
    }

    /// <summary>Requests that failed before the process was stopped count towards the limit of their questions.</summary>
    public async Task<Dictionary<(long?, string, PromptPurpose), FailedTries>> FailedTries(int round)
    {
        // Neither do answers count, nor what a person had to put right.
        string[] others =
        [
            TeacherOutcome.Answered,
            TeacherOutcome.Truncated,
            TeacherOutcome.Cancelled,
            TeacherOutcome.Of(TeacherFault.Unauthorized),
            TeacherOutcome.Of(TeacherFault.Forbidden),
        ];
        await using var context = store.CreateDbContext();
        var failed = context
            .Calls.Where(call => call.JobId == job.Id && call.Attempt == round && !others.Contains(call.Outcome))
            .OrderBy(call => call.Id)
            .Select(call => new
            {
                call.SampleId,
                call.Teacher,
                call.Purpose,
                call.Outcome,
            });
        var tries = new Dictionary<(long?, string, PromptPurpose), FailedTries>();
        await foreach (var call in failed.AsAsyncEnumerable())
        {
            var question = (call.SampleId, call.Teacher, call.Purpose);
            tries[question] = new FailedTries(tries.GetValueOrDefault(question).Count + 1, call.Outcome);
        }
        return tries;
    }

    /// <summary>The open items of a round with what is known about them already, page by page.</summary>
    public async IAsyncEnumerable<ConstructionItem> Open(int round, [EnumeratorCancellation] CancellationToken stop)
    {
        long last = 0;
        while (!stop.IsCancellationRequested)
        {
            await using var context = store.CreateDbContext();
            var page = await Items(context, round)
                .Where(item => item.State == ItemState.Open && item.Attempts == round && item.SampleId > last)
                .OrderBy(item => item.SampleId)
                .Take(PageSize)
                .ToListAsync(CancellationToken.None);
            if (page.Count == 0)
                yield break;
            foreach (var item in page)
                yield return item;
            last = page[^1].SampleId;
        }
    }

    private IQueryable<ConstructionItem> Items(StoreContext context, int round) =>
        context
            .Items.AsNoTrackingWithIdentityResolution()
            .AsSplitQuery()
            .Include(item => item.Sample!.Dataset)
            .Include(item => item.Sample!.Attributes)
                .ThenInclude(attribute => attribute.Value)
            .Include(item => item.Sample!.Records.Where(record => record.JobId == job.Id && record.Attempt == round))
                .ThenInclude(record => record.Votes)
            .Where(item => item.JobId == job.Id);

    /// <summary>What was accepted in an attempt, in the order of the samples.</summary>
    public async IAsyncEnumerable<CotRecord> Accepted(int attempt)
    {
        long last = 0;
        while (true)
        {
            await using var context = store.CreateDbContext();
            var page = await context
                .Records.AsNoTracking()
                .Where(record =>
                    record.JobId == job.Id && record.Attempt == attempt && record.State == CotState.Accepted
                )
                .Where(record => record.SampleId > last)
                .OrderBy(record => record.SampleId)
                .Take(PageSize)
                .ToListAsync();
            if (page.Count == 0)
                yield break;
            foreach (var record in page)
                yield return record;
            last = page[^1].SampleId;
        }
    }
}

/// <summary>Requests for a question that failed.</summary>
internal readonly record struct FailedTries(int Count, string LastOutcome);
