using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>What a new batch shall be.</summary>
public sealed record ReviewBatchPlan
{
    public required string Name { get; init; }

    /// <summary>How many people judge each record.</summary>
    public int Overlap { get; init; } = 1;
    public ReviewOrder Order { get; init; } = ReviewOrder.Flagged;

    /// <summary>Who judges; empty for everyone who may.</summary>
    public IReadOnlyList<string> Assignees { get; init; } = [];
    public int LeaseMinutes { get; init; } = 15;
    public ReviewFilter Filter { get; init; } = new();
}

/// <summary>Makes, fills, closes and lists the batches that people judge.</summary>
public sealed class ReviewBatches(ReviewWrites writes, TimeProvider clock)
{
    public const int MostOverlap = 20;
    public const int MostLeaseMinutes = 24 * 60;
    internal const int MostNameLength = 80;
    private const int ItemsAtOnce = 2_000;

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>Makes a batch of the records that fit and are in no other; writes the first guidelines where the data set has none.</summary>
    /// <returns>The batch, and how many items it has.</returns>
    /// <exception cref="ReviewException">A value is not possible, or the name is taken.</exception>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public async Task<(ReviewBatch Batch, int Items)> Create(
        long datasetId,
        ReviewBatchPlan plan,
        string actor,
        CancellationToken stop
    )
    {
        var batch = await writes.Do(context => Add(context, datasetId, plan, actor, Now, stop), stop);
        return (batch, await Fill(batch.Id, actor, stop));
    }

    /// <summary>As <see cref="Create"/>, still without items.</summary>
    internal static async Task<ReviewBatch> Add(
        StoreContext context,
        long datasetId,
        ReviewBatchPlan plan,
        string actor,
        DateTime now,
        CancellationToken stop
    )
    {
        Check(plan);
        if (!await context.Datasets.AnyAsync(set => set.Id == datasetId, stop))
            throw new KeyNotFoundException($"There is no data set {datasetId}.");
        if (await context.ReviewBatches.AnyAsync(other => other.Name == plan.Name, stop))
            throw new ReviewException($"There is a batch '{plan.Name}' already. Choose another name.");
        if (!await context.ReviewGuidelines.AnyAsync(text => text.DatasetId == datasetId, stop))
            context.Add(Guidelines.First(datasetId, actor, now));
        var made = new ReviewBatch
        {
            DatasetId = datasetId,
            Name = plan.Name.Trim(),
            Overlap = plan.Overlap,
            Order = plan.Order,
            Assignees = [.. plan.Assignees],
            LeaseMinutes = plan.LeaseMinutes,
            Filter = plan.Filter.ToJson(),
            CreatedBy = actor,
            CreatedAt = now,
        };
        context.Add(made);
        await context.SaveChangesAsync(stop);
        ReviewAudit.Note(context, now, actor, "review.batch.create", $"batch:{made.Id}", null, plan);
        return made;
    }

    /// <summary>Adds the records that fit by now and are in no batch.</summary>
    /// <returns>How many.</returns>
    public async Task<int> Fill(long batchId, string actor, CancellationToken stop)
    {
        var added = 0;
        while (true)
        {
            var some = await writes.Do(context => FillSome(context, batchId, stop), stop);
            added += some;
            if (some < ItemsAtOnce)
                break;
        }
        if (added > 0)
            await writes.Do(
                context =>
                {
                    ReviewAudit.Note(
                        context,
                        Now,
                        actor,
                        "review.batch.fill",
                        $"batch:{batchId}",
                        null,
                        new { Added = added }
                    );
                    return Task.FromResult(true);
                },
                stop
            );
        return added;
    }

    /// <summary>Hands out nothing more, and lets go what nobody judged, so that another batch can take it.</summary>
    /// <returns>How many items it let go.</returns>
    public Task<int> Close(long batchId, string actor, CancellationToken stop) =>
        writes.Do(
            async context =>
            {
                var batch = await Require(context, batchId, stop);
                if (batch.ClosedAt is not null)
                    throw new ReviewConflictException($"'{batch.Name}' is closed already.");
                batch.ClosedAt = Now;
                var freed = await context
                    .ReviewItems.Where(item =>
                        item.BatchId == batchId
                        && item.State == ReviewItemState.Open
                        && item.Judged == 0
                        && !context.Reviews.Any(review => review.RecordId == item.RecordId && !review.Superseded)
                    )
                    .ExecuteDeleteAsync(stop);
                ReviewAudit.Note(
                    context,
                    Now,
                    actor,
                    "review.batch.close",
                    $"batch:{batchId}",
                    null,
                    new { Freed = freed }
                );
                return freed;
            },
            stop
        );

    /// <summary>All batches, open ones first, then newest first.</summary>
    public async Task<IReadOnlyList<ReviewBatch>> List(CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await context
            .ReviewBatches.AsNoTracking()
            .Include(batch => batch.Dataset)
            .OrderBy(batch => batch.ClosedAt != null)
            .ThenByDescending(batch => batch.Id)
            .ToListAsync(stop);
    }

    public async Task<ReviewBatch?> Find(long batchId, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await context
            .ReviewBatches.AsNoTracking()
            .Include(batch => batch.Dataset)
            .SingleOrDefaultAsync(batch => batch.Id == batchId, stop);
    }

    /// <summary>How many records a batch with this filter would get now.</summary>
    public async Task<int> Count(long datasetId, ReviewFilter filter, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await Fitting(context, datasetId, filter).CountAsync(stop);
    }

    /// <summary>Whether the person is one of those who judge it.</summary>
    public static bool IsFor(ReviewBatch batch, string reviewer) =>
        batch.Assignees.Count == 0 || batch.Assignees.Contains(reviewer, StringComparer.OrdinalIgnoreCase);

    internal static async Task<ReviewBatch> Require(StoreContext context, long batchId, CancellationToken stop) =>
        await context.ReviewBatches.SingleOrDefaultAsync(batch => batch.Id == batchId, stop)
        ?? throw new KeyNotFoundException($"There is no batch {batchId}.");

    /// <exception cref="ReviewException">The batch is closed, or not for this person.</exception>
    internal static void CheckMayJudge(ReviewBatch batch, string reviewer)
    {
        if (batch.ClosedAt is not null)
            throw new ReviewException($"'{batch.Name}' is closed; nothing of it is judged any more.");
        if (!IsFor(batch, reviewer))
            throw new ReviewException($"'{batch.Name}' is for {string.Join(", ", batch.Assignees)}.");
    }

    private static async Task<int> FillSome(StoreContext context, long batchId, CancellationToken stop)
    {
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        var batch = await Require(context, batchId, stop);
        if (batch.ClosedAt is not null)
            throw new ReviewException($"'{batch.Name}' is closed.");
        var records = await Fitting(context, batch.DatasetId, ReviewFilter.FromJson(batch.Filter))
            .OrderBy(record => record.Id)
            .Take(ItemsAtOnce)
            .Select(record => new
            {
                record.Id,
                record.Agreement,
                record.Review,
            })
            .ToListAsync(stop);
        context.ReviewItems.AddRange(
            records.Select(record => new ReviewItem
            {
                BatchId = batchId,
                RecordId = record.Id,
                Rank = RankOf(batch.Order, record.Agreement, record.Review),
            })
        );
        return records.Count;
    }

    private static double RankOf(ReviewOrder order, double? agreement, ReviewState review) =>
        order switch
        {
            ReviewOrder.Oldest => 0,
            ReviewOrder.Flagged when review == ReviewState.Flagged => -1,
            _ => agreement ?? 1,
        };

    private static IQueryable<CotRecord> Fitting(StoreContext context, long datasetId, ReviewFilter filter)
    {
        var states = filter.States.ToList();
        var reviews = filter.Reviews.ToList();
        var records = context.Records.Where(record =>
            record.Sample!.DatasetId == datasetId
            && states.Contains(record.State)
            && reviews.Contains(record.Review)
            && !context.Jobs.Any(job => job.Id == record.JobId && job.IsTrial)
            && !context.ReviewItems.Any(item => item.RecordId == record.Id)
        );
        return Narrow(context, records, filter);
    }

    /// <summary>The parts of a filter that are null let everything pass.</summary>
    internal static IQueryable<CotRecord> Narrow(
        StoreContext context,
        IQueryable<CotRecord> records,
        ReviewFilter filter
    )
    {
        if (filter.Labels is { } labels)
            records = records.Where(record => labels.Contains(record.Sample!.Label));
        if (filter.Teachers is { } teachers)
            records = records.Where(record => teachers.Contains(record.Teacher));
        if (filter.Splits is { } splits)
        {
            var wanted = splits.Select(split => (Datasets.Split?)split).ToList();
            records = records.Where(record => wanted.Contains(record.Sample!.Split));
        }
        if (filter.Jobs is { } names)
        {
            var jobs = context.Jobs.Where(job => names.Contains(job.Name)).Select(job => (long?)job.Id);
            records = records.Where(record => jobs.Contains(record.JobId));
        }
        if (filter.MinAgreement is { } least)
            records = records.Where(record => record.Agreement >= least);
        if (filter.MaxAgreement is { } most)
            records = records.Where(record => record.Agreement <= most);
        if (filter.Text is { Length: > 0 } text)
            records = records.Where(record => record.Completion.Contains(text));
        return records;
    }

    private static void Check(ReviewBatchPlan plan)
    {
        if (plan.Name.Trim().Length is 0 or > MostNameLength)
            throw new ReviewException($"A batch's name has 1 to {MostNameLength} characters.");
        if (plan.Overlap is < 1 or > MostOverlap)
            throw new ReviewException($"1 to {MostOverlap} people judge a record, not {plan.Overlap}.");
        if (plan.LeaseMinutes is < 1 or > MostLeaseMinutes)
            throw new ReviewException($"A lease lasts 1 to {MostLeaseMinutes} minutes, not {plan.LeaseMinutes}.");
        if (
            plan.Assignees.Count > 0
            && plan.Assignees.Distinct(StringComparer.OrdinalIgnoreCase).Count() < plan.Overlap
        )
            throw new ReviewException(
                $"{plan.Overlap} people judge each record, but only {plan.Assignees.Count} are assigned."
            );
    }
}
