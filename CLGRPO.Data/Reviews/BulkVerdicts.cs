using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>A verdict over everything in a batch that fits a filter.</summary>
public sealed record BulkVerdict
{
    /// <summary>Chosen by the sender; sent again, it goes on where it ended.</summary>
    public required string Key { get; init; }
    public required ReviewFilter Filter { get; init; }

    /// <summary>Accept, reject or flag.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Needed to reject.</summary>
    public string? Reason { get; init; }

    /// <summary>What <see cref="BulkVerdicts.Count"/> said; another number now is a conflict, and nothing is done.</summary>
    public required int Expected { get; init; }
}

/// <summary>Judges many items in one act: those that nobody judged and nobody has now.</summary>
public sealed class BulkVerdicts(ReviewWrites writes, Verdicts verdicts, TimeProvider clock)
{
    private const int MostKeyCharacters = 36;
    private const int ItemsAtOnce = 100;

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>How many items a verdict would concern.</summary>
    public async Task<int> Count(long batchId, ReviewFilter filter, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        await ReviewBatches.Require(context, batchId, stop);
        return await Untouched(context, batchId, filter).CountAsync(stop);
    }

    /// <summary>Judges them, a few in each transaction, so that nobody waits for it.</summary>
    /// <returns>How many items the whole act has judged.</returns>
    /// <exception cref="ReviewException">It is not possible as it was sent.</exception>
    /// <exception cref="ReviewConflictException">There are more or fewer items by now.</exception>
    public async Task<int> Judge(long batchId, string actor, BulkVerdict act, CancellationToken stop)
    {
        Check(act);
        if (await Done(act.Key, stop) == 0 && await Count(batchId, act.Filter, stop) is var now && now != act.Expected)
            throw new ReviewConflictException(
                $"{now} items fit by now, not {act.Expected}: others are at work. Look at them again, then judge."
            );
        while (await writes.Do(context => Some(context, batchId, actor, act, stop), stop) > 0)
        {
            // The next few; in between others have their turn.
        }
        return await Done(act.Key, stop);
    }

    /// <summary>Takes the whole act back, except where others or a lead judged since.</summary>
    /// <returns>How many verdicts were taken back.</returns>
    /// <exception cref="KeyNotFoundException">The person did no such act.</exception>
    public async Task<int> Undo(string key, string actor, CancellationToken stop)
    {
        await using (var context = writes.Store.CreateDbContext())
        {
            if (!await context.Reviews.AnyAsync(review => review.Bulk == key && review.Reviewer == actor, stop))
                throw new KeyNotFoundException($"You judged nothing under '{key}'.");
        }
        var undone = 0;
        while (await writes.Do(context => UndoSome(context, key, actor, stop), stop) is > 0 and var some)
            undone += some;
        return undone;
    }

    private static void Check(BulkVerdict act)
    {
        if (act.Key.Length is 0 or > MostKeyCharacters)
            throw new ReviewException($"The key of the act has 1 to {MostKeyCharacters} characters.");
        if (act.Verdict is Verdict.Edit or Verdict.Skip)
            throw new ReviewException("Many items at once are accepted, rejected or flagged.");
        if (act.Verdict == Verdict.Reject && !RejectReason.Has(act.Reason))
            throw new ReviewException(
                $"A rejection says why: one of {string.Join(", ", RejectReason.All.Select(reason => reason.Key))}."
            );
    }

    private async Task<int> Done(string key, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await context.Reviews.CountAsync(review => review.Bulk == key && !review.Superseded, stop);
    }

    private IQueryable<ReviewItem> Untouched(StoreContext context, long batchId, ReviewFilter filter)
    {
        var now = Now;
        var records = ReviewBatches.Narrow(context, context.Records, filter);
        return context.ReviewItems.Where(item =>
            item.BatchId == batchId
            && item.State == ReviewItemState.Open
            && item.Judged == 0
            && records.Any(record => record.Id == item.RecordId)
            && !context.ReviewLeases.Any(lease => lease.ItemId == item.Id && lease.ExpiresAt > now)
        );
    }

    private async Task<int> Some(
        StoreContext context,
        long batchId,
        string actor,
        BulkVerdict act,
        CancellationToken stop
    )
    {
        ReviewBatches.CheckMayJudge(await ReviewBatches.Require(context, batchId, stop), actor);
        var ids = await Untouched(context, batchId, act.Filter)
            .OrderBy(item => item.Rank)
            .ThenBy(item => item.Id)
            .Select(item => item.Id)
            .Take(ItemsAtOnce)
            .ToListAsync(stop);
        foreach (var id in ids)
        {
            var item = await ReviewQueue.Lock(context, id, stop);
            if (item.State != ReviewItemState.Open || item.Judged > 0)
                continue;
            var made = new Review
            {
                RecordId = item.RecordId,
                Reviewer = actor,
                Verdict = act.Verdict,
                Reason = act.Reason,
                CreatedAt = Now,
                Submission = $"{act.Key}:{id}",
                Bulk = act.Key,
            };
            await verdicts.Keep(context, item, made, "review.bulk", stop);
        }
        return ids.Count;
    }

    private async Task<int> UndoSome(StoreContext context, string key, string actor, CancellationToken stop)
    {
        var some = await context
            .Reviews.Where(review => review.Bulk == key && review.Reviewer == actor && !review.Superseded)
            .Where(review =>
                !context.Reviews.Any(other =>
                    other.RecordId == review.RecordId && !other.Superseded && other.Id != review.Id
                )
            )
            .Join(
                context.ReviewItems,
                review => review.RecordId,
                item => item.RecordId,
                (review, item) => new { Review = review, ItemId = item.Id }
            )
            .Take(ItemsAtOnce)
            .ToListAsync(stop);
        foreach (var one in some)
        {
            var item = await ReviewQueue.Lock(context, one.ItemId, stop);
            (one.Review.Superseded, one.Review.UndoneAt) = (true, Now);
            await context.SaveChangesAsync(stop);
            await verdicts.Settle(
                context,
                item,
                actor,
                "review.undo",
                new { Review = one.Review.Id, Bulk = key },
                stop
            );
        }
        return some.Count;
    }
}
