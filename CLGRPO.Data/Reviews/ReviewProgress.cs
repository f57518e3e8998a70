using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>How far a batch is. Every item is counted once: the six kinds add up to <see cref="Items"/>.</summary>
/// <param name="Accepted">Done, as they are.</param>
/// <param name="Edited">Done, with a new text.</param>
/// <param name="Flagged">Flagged or in conflict: a lead decides.</param>
/// <param name="Skipped">Open, and skipped by somebody.</param>
/// <param name="Open">The rest.</param>
/// <param name="Drafts">Items that somebody typed about; they are open or skipped.</param>
/// <param name="Conflicts">Items that wait for a lead.</param>
/// <param name="Judgements">Judgements that stand, without skips.</param>
/// <param name="Missing">Judgements that open items still need.</param>
/// <param name="PerMinute">Judgements of the whole team, over its last half hour of work; null where nobody is at work.</param>
/// <param name="Remaining">How long the missing ones take at that pace.</param>
public sealed record ReviewProgress(
    int Items,
    int Accepted,
    int Edited,
    int Rejected,
    int Flagged,
    int Skipped,
    int Open,
    int Drafts,
    int Conflicts,
    int Judgements,
    int Missing,
    double? PerMinute,
    TimeSpan? Remaining
)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(30);

    // A pace from less than this says little.
    private static readonly TimeSpan ShortestWork = TimeSpan.FromMinutes(1);

    /// <summary>Items that need nobody any more, and those that wait for a lead.</summary>
    public int Judged => Items - Open - Skipped;

    /// <exception cref="KeyNotFoundException">There is no such batch.</exception>
    public static async Task<ReviewProgress> Of(StoreFactory store, long batchId, DateTime now, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var batch = await ReviewBatches.Require(context, batchId, stop);
        var items = context.ReviewItems.Where(item => item.BatchId == batchId);
        var kinds = await items
            .GroupBy(item => new { item.State, item.Record!.Review })
            .Select(kind => new
            {
                kind.Key.State,
                kind.Key.Review,
                Items = kind.Count(),
                Judged = kind.Sum(item => item.Judged),
            })
            .ToListAsync(stop);
        var open = kinds.Where(kind => kind.State == ReviewItemState.Open).ToList();
        var skipped = await items.CountAsync(
            item =>
                item.State == ReviewItemState.Open
                && context.Reviews.Any(review =>
                    review.RecordId == item.RecordId && !review.Superseded && review.Verdict == Verdict.Skip
                ),
            stop
        );
        var missing = (open.Sum(kind => kind.Items) * batch.Overlap) - open.Sum(kind => kind.Judged);
        var pace = await Pace(context, items, now, stop);
        return new ReviewProgress(
            kinds.Sum(kind => kind.Items),
            Ended(ReviewState.Accepted),
            Ended(ReviewState.Edited),
            Ended(ReviewState.Rejected),
            kinds
                .Where(kind =>
                    kind.State == ReviewItemState.Conflict
                    || (kind.State == ReviewItemState.Done && kind.Review is ReviewState.Flagged or ReviewState.Pending)
                )
                .Sum(kind => kind.Items),
            skipped,
            open.Sum(kind => kind.Items) - skipped,
            await context
                .ReviewDrafts.Where(draft => draft.Item!.BatchId == batchId)
                .Select(draft => draft.ItemId)
                .Distinct()
                .CountAsync(stop),
            kinds.Where(kind => kind.State == ReviewItemState.Conflict).Sum(kind => kind.Items),
            kinds.Sum(kind => kind.Judged),
            missing,
            pace,
            pace is > 0 ? TimeSpan.FromMinutes(missing / pace.Value) : null
        );

        int Ended(ReviewState state) =>
            kinds.Where(kind => kind.State == ReviewItemState.Done && kind.Review == state).Sum(kind => kind.Items);
    }

    /// <summary>How many judgements of the person stand, in the batch and since a moment.</summary>
    public static async Task<(int All, int Since, int Skipped, int Drafts)> Mine(
        StoreFactory store,
        long batchId,
        string reviewer,
        DateTime since,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var mine = context.Reviews.Where(review =>
            review.Reviewer == reviewer
            && !review.Superseded
            && !review.Final
            && context.ReviewItems.Any(item => item.BatchId == batchId && item.RecordId == review.RecordId)
        );
        return (
            await mine.CountAsync(review => review.Verdict != Verdict.Skip, stop),
            await mine.CountAsync(review => review.Verdict != Verdict.Skip && review.CreatedAt >= since, stop),
            await mine.CountAsync(review => review.Verdict == Verdict.Skip, stop),
            await context.ReviewDrafts.CountAsync(
                draft => draft.Reviewer == reviewer && draft.Item!.BatchId == batchId,
                stop
            )
        );
    }

    /// <summary>Items of all open batches that the person may judge and has neither judged nor skipped.</summary>
    public static async Task<int> OpenFor(StoreFactory store, string reviewer, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var all = await context.ReviewBatches.AsNoTracking().Where(batch => batch.ClosedAt == null).ToListAsync(stop);
        var mine = all.Where(batch => ReviewBatches.IsFor(batch, reviewer)).Select(batch => batch.Id).ToList();
        var open = context.ReviewItems.Where(item => mine.Contains(item.BatchId) && item.State == ReviewItemState.Open);
        // Two counts along indexes, in place of a look at the reviews of every item.
        var said = await context
            .Reviews.Where(review => review.Reviewer == reviewer && !review.Superseded)
            .Join(open, review => review.RecordId, item => item.RecordId, (_, item) => item.Id)
            .Distinct()
            .CountAsync(stop);
        return await open.CountAsync(stop) - said;
    }

    private static async Task<double?> Pace(
        StoreContext context,
        IQueryable<ReviewItem> items,
        DateTime now,
        CancellationToken stop
    )
    {
        var since = now - Window;
        var recent = await context
            .Reviews.Where(review =>
                review.CreatedAt >= since
                && !review.Superseded
                && !review.Final
                && review.Bulk == null
                && review.Verdict != Verdict.Skip
                && items.Any(item => item.RecordId == review.RecordId)
            )
            .GroupBy(_ => 1)
            .Select(all => new { Count = all.Count(), First = all.Min(review => review.CreatedAt) })
            .SingleOrDefaultAsync(stop);
        if (recent is null)
            return null;
        var worked = now - recent.First;
        return recent.Count / Math.Max(worked.TotalMinutes, ShortestWork.TotalMinutes);
    }
}
