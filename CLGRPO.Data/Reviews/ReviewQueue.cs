using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>Which part of a batch a person works on.</summary>
public enum ReviewSource
{
    /// <summary>What the person has not judged.</summary>
    New,

    /// <summary>What the person skipped.</summary>
    Skipped,
}

/// <summary>
/// Hands out items: each to no more people than judge it. An item is held by a lease, which ends by itself; whoever comes back late keeps
/// it as long as nobody else took it.
/// </summary>
public sealed class ReviewQueue(ReviewWrites writes, TimeProvider clock)
{
    /// <summary>Items of one person at a time: the one that is judged, and those that are fetched ahead.</summary>
    public const int MostHeld = 4;

    // Others may take items between looking and locking: as many are looked at as people may do so.
    private const int Candidates = 64;

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>The person's items, in order: those already held, then new ones up to <paramref name="count"/>. Their leases begin anew.</summary>
    /// <returns>Ids of items; fewer where the queue has no more.</returns>
    /// <exception cref="ReviewException">The batch is closed, or not for this person.</exception>
    /// <exception cref="KeyNotFoundException">There is no such batch.</exception>
    public async Task<IReadOnlyList<long>> Take(
        long batchId,
        string reviewer,
        int count,
        CancellationToken stop,
        ReviewSource source = ReviewSource.New
    )
    {
        count = Math.Clamp(count, 1, MostHeld);
        while (true)
        {
            var seen = await Peek(batchId, reviewer, Candidates, stop, source);
            var held = await writes.Do(context => Hold(context, batchId, reviewer, count, seen, source, stop), stop);
            if (held.Count == count || seen.Count < Candidates)
                return held;
        }
    }

    /// <summary>What would come next, without taking it.</summary>
    public async Task<IReadOnlyList<long>> Peek(
        long batchId,
        string reviewer,
        int count,
        CancellationToken stop,
        ReviewSource source = ReviewSource.New
    )
    {
        await using var context = writes.Store.CreateDbContext();
        var batch = await ReviewBatches.Require(context, batchId, stop);
        return await Ahead(context, batch, reviewer, count, source, stop);
    }

    /// <summary>Keeps an item for another whole lease.</summary>
    /// <returns>Until when.</returns>
    /// <exception cref="ReviewConflictException">Somebody else has it, or it is judged.</exception>
    public Task<DateTime> Renew(long itemId, string reviewer, CancellationToken stop) =>
        writes.Do(
            async context =>
            {
                var item = await Lock(context, itemId, stop);
                if (!await MayHold(context, item, reviewer, stop))
                    throw new ReviewConflictException(
                        "The lease had ended and others have taken the item. What you typed is kept; go on with the next one."
                    );
                return (await Keep(context, item, reviewer, stop)).ExpiresAt;
            },
            stop
        );

    /// <summary>Gives an item back; nothing happens where it is not held.</summary>
    public Task Release(long itemId, string reviewer, CancellationToken stop) =>
        writes.Do(
            context =>
                context
                    .ReviewLeases.Where(lease => lease.ItemId == itemId && lease.Reviewer == reviewer)
                    .ExecuteDeleteAsync(stop),
            stop
        );

    /// <summary>Locks the item against other acts until the transaction ends, and reads it with its batch and record.</summary>
    internal static async Task<ReviewItem> Lock(StoreContext context, long itemId, CancellationToken stop)
    {
        await context
            .ReviewItems.Where(item => item.Id == itemId)
            .ExecuteUpdateAsync(change => change.SetProperty(item => item.Version, item => item.Version + 1), stop);
        return await context
                .ReviewItems.Include(item => item.Batch)
                .Include(item => item.Record)
                    .ThenInclude(record => record!.Sample)
                .SingleOrDefaultAsync(item => item.Id == itemId, stop)
            ?? throw new KeyNotFoundException($"There is no item {itemId}.");
    }

    /// <summary>Whether there is a place for the person: judgements and the live leases of others are fewer than it takes.</summary>
    internal async Task<bool> MayHold(StoreContext context, ReviewItem item, string reviewer, CancellationToken stop)
    {
        if (item.State != ReviewItemState.Open)
            return false;
        var now = Now;
        var others = await context.ReviewLeases.CountAsync(
            lease => lease.ItemId == item.Id && lease.Reviewer != reviewer && lease.ExpiresAt > now,
            stop
        );
        return item.Judged + others < item.Batch!.Overlap;
    }

    /// <summary>Gives the person a lease, or a longer one.</summary>
    internal async Task<ReviewLease> Keep(
        StoreContext context,
        ReviewItem item,
        string reviewer,
        CancellationToken stop
    )
    {
        var now = Now;
        var lease = await context.ReviewLeases.SingleOrDefaultAsync(
            lease => lease.ItemId == item.Id && lease.Reviewer == reviewer,
            stop
        );
        if (lease is null)
            context.Add(
                lease = new ReviewLease
                {
                    ItemId = item.Id,
                    Reviewer = reviewer,
                    TakenAt = now,
                }
            );
        lease.ExpiresAt = now.AddMinutes(item.Batch!.LeaseMinutes);
        return lease;
    }

    private async Task<IReadOnlyList<long>> Hold(
        StoreContext context,
        long batchId,
        string reviewer,
        int count,
        IReadOnlyList<long> seen,
        ReviewSource source,
        CancellationToken stop
    )
    {
        var batch = await ReviewBatches.Require(context, batchId, stop);
        ReviewBatches.CheckMayJudge(batch, reviewer);
        var mine = await Free(context, batch, reviewer, source)
            .Join(
                context.ReviewLeases.Where(lease => lease.Reviewer == reviewer),
                item => item.Id,
                lease => lease.ItemId,
                (item, lease) => new { item.Id, lease.TakenAt }
            )
            .OrderBy(held => held.TakenAt)
            .ThenBy(held => held.Id)
            .Select(held => held.Id)
            .ToListAsync(stop);
        var held = new List<long>();
        var tried = new HashSet<long>();
        IReadOnlyList<long> next = [.. mine, .. seen];
        while (held.Count < count && next.FirstOrDefault(id => !tried.Contains(id)) is > 0 and var id)
        {
            tried.Add(id);
            var item = await Lock(context, id, stop);
            if (await MayHold(context, item, reviewer, stop))
            {
                await Keep(context, item, reviewer, stop);
                held.Add(id);
            }
            else
            {
                // Others were faster. What else they took is left out at once: nobody waits for the lock of each.
                next = [.. mine, .. await Ahead(context, batch, reviewer, Candidates, source, stop)];
            }
        }
        return held;
    }

    /// <summary>What the person does not hold and may take, in order.</summary>
    private async Task<IReadOnlyList<long>> Ahead(
        StoreContext context,
        ReviewBatch batch,
        string reviewer,
        int count,
        ReviewSource source,
        CancellationToken stop
    ) =>
        await Free(context, batch, reviewer, source)
            .Where(item => !context.ReviewLeases.Any(lease => lease.ItemId == item.Id && lease.Reviewer == reviewer))
            .OrderBy(item => item.Rank)
            .ThenBy(item => item.Id)
            .Select(item => item.Id)
            .Take(count)
            .ToListAsync(stop);

    /// <summary>Open items with a place for the person.</summary>
    private IQueryable<ReviewItem> Free(StoreContext context, ReviewBatch batch, string reviewer, ReviewSource source)
    {
        var now = Now;
        var open = context.ReviewItems.Where(item =>
            item.BatchId == batch.Id
            && item.State == ReviewItemState.Open
            && item.Judged
                + context.ReviewLeases.Count(lease =>
                    lease.ItemId == item.Id && lease.Reviewer != reviewer && lease.ExpiresAt > now
                )
                < batch.Overlap
        );
        return source == ReviewSource.New
            ? open.Where(item =>
                !context.Reviews.Any(review =>
                    review.RecordId == item.RecordId && !review.Superseded && review.Reviewer == reviewer
                )
            )
            : open.Where(item =>
                context.Reviews.Any(review =>
                    review.RecordId == item.RecordId
                    && !review.Superseded
                    && review.Reviewer == reviewer
                    && review.Verdict == Verdict.Skip
                )
            );
    }
}
