using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>Stores what people say: each submission once, in a transaction of its own, with an entry in the audit.</summary>
public sealed class Verdicts(ReviewWrites writes, ReviewQueue queue, TimeProvider clock)
{
    /// <summary>How far back a person can undo.</summary>
    public const int MostUndone = 20;

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>Judges an item. The lease of the person ends with it, and the draft too, except when skipped.</summary>
    /// <exception cref="ReviewException">It is not possible as it was sent.</exception>
    /// <exception cref="ReviewConflictException">Others were first: the item is judged, or is somebody else's.</exception>
    /// <exception cref="KeyNotFoundException">There is no such item.</exception>
    public Task<VerdictReceipt> Submit(long itemId, string reviewer, VerdictSubmission said, CancellationToken stop)
    {
        said.Check();
        var ratings = ReviewQuestion.ToJson(said.Ratings);
        return writes.Do(
            async context =>
            {
                var item = await ReviewQueue.Lock(context, itemId, stop);
                if (await Stored(context, item, reviewer, said.Key, stop) is { } before)
                    return before;
                ReviewBatches.CheckMayJudge(item.Batch!, reviewer);
                var earlier = await Standing(context, item.RecordId)
                    .Where(r => r.Reviewer == reviewer)
                    .ToListAsync(stop);
                if (earlier.Any(review => review.Verdict != Verdict.Skip))
                    throw new ReviewConflictException(
                        "You have judged this item already. Undo your verdict to change it."
                    );
                if (!await queue.MayHold(context, item, reviewer, stop))
                    throw new ReviewConflictException(
                        "Somebody else has judged this item or has it now: your lease had ended. What you typed is kept as a draft."
                    );
                foreach (var review in earlier)
                    review.Superseded = true;
                var made = new Review
                {
                    RecordId = item.RecordId,
                    Reviewer = reviewer,
                    Verdict = said.Verdict,
                    Reason = said.Verdict is Verdict.Reject or Verdict.Flag ? said.Reason : null,
                    EditedCompletion = said.Edited(item.Record!, item.Record!.Sample!.Label),
                    Ratings = ratings,
                    Comment = said.Comment is { Length: > 0 } comment ? comment : null,
                    CreatedAt = Now,
                    Submission = said.Key,
                    Guideline = said.Guideline,
                    Seconds = said.Seconds,
                };
                await End(context, item.Id, reviewer, keepDraft: said.Verdict == Verdict.Skip, stop);
                return await Keep(context, item, made, "review.submit", stop);
            },
            stop
        );
    }

    /// <summary>Takes back the person's newest verdict in the batch that was not taken back; what was typed becomes a draft again.</summary>
    /// <returns>The item, held by the person again; null where the last twenty hold nothing to undo.</returns>
    /// <exception cref="ReviewConflictException">A lead has decided on it since.</exception>
    public Task<long?> Undo(long batchId, string reviewer, CancellationToken stop) =>
        writes.Do(
            async context =>
            {
                var newest = await context
                    .Reviews.Where(review => review.Reviewer == reviewer && !review.Final && review.Bulk == null)
                    .Join(
                        context.ReviewItems.Where(item => item.BatchId == batchId),
                        review => review.RecordId,
                        item => item.RecordId,
                        (review, item) =>
                            new
                            {
                                review.Id,
                                ItemId = item.Id,
                                review.Superseded,
                            }
                    )
                    .OrderByDescending(review => review.Id)
                    .Take(MostUndone)
                    .ToListAsync(stop);
                if (newest.Find(review => !review.Superseded) is not { } last)
                    return (long?)null;
                var item = await ReviewQueue.Lock(context, last.ItemId, stop);
                ReviewBatches.CheckMayJudge(item.Batch!, reviewer);
                if (await Standing(context, item.RecordId).AnyAsync(review => review.Final, stop))
                    throw new ReviewConflictException("A lead has decided on your last item since; it stays as it is.");
                var review = await context.Reviews.SingleAsync(review => review.Id == last.Id, stop);
                (review.Superseded, review.UndoneAt) = (true, Now);
                await context.SaveChangesAsync(stop);
                await Settle(context, item, reviewer, "review.undo", new { Review = review.Id, review.Verdict }, stop);
                await Restore(context, item, review, stop);
                return item.Id;
            },
            stop
        );

    /// <summary>A lead's word on an item, whatever was said before.</summary>
    /// <param name="said">Accept, reject or edit.</param>
    /// <exception cref="ReviewException">It is not possible as it was sent.</exception>
    public Task<VerdictReceipt> Decide(long itemId, string lead, VerdictSubmission said, CancellationToken stop)
    {
        said.Check();
        if (said.Verdict is Verdict.Flag or Verdict.Skip)
            throw new ReviewException("A lead accepts, edits or rejects.");
        return writes.Do(
            async context =>
            {
                var item = await ReviewQueue.Lock(context, itemId, stop);
                if (await Stored(context, item, lead, said.Key, stop) is { } before)
                    return before;
                foreach (
                    var earlier in await Standing(context, item.RecordId)
                        .Where(review => review.Final)
                        .ToListAsync(stop)
                )
                    earlier.Superseded = true;
                var made = new Review
                {
                    RecordId = item.RecordId,
                    Reviewer = lead,
                    Verdict = said.Verdict,
                    Reason = said.Reason,
                    EditedCompletion = said.Edited(item.Record!, item.Record!.Sample!.Label),
                    Comment = said.Comment is { Length: > 0 } comment ? comment : null,
                    CreatedAt = Now,
                    Submission = said.Key,
                    Guideline = said.Guideline,
                    Final = true,
                };
                return await Keep(context, item, made, "review.decide", stop);
            },
            stop
        );
    }

    internal static IQueryable<Review> Standing(StoreContext context, long recordId) =>
        context.Reviews.Where(review => review.RecordId == recordId && !review.Superseded);

    /// <summary>Adds the review, and brings item and record up to date.</summary>
    internal async Task<VerdictReceipt> Keep(
        StoreContext context,
        ReviewItem item,
        Review made,
        string action,
        CancellationToken stop
    )
    {
        context.Add(made);
        await context.SaveChangesAsync(stop);
        var said = new
        {
            Review = made.Id,
            made.Verdict,
            made.Reason,
        };
        await Settle(context, item, made.Reviewer, action, said, stop);
        return Receipt(made, item, repeated: false);
    }

    private static VerdictReceipt Receipt(Review review, ReviewItem item, bool repeated) =>
        new(review.Id, item.Id, review.Verdict, item.State, item.Record!.Review, repeated);

    private static async Task<VerdictReceipt?> Stored(
        StoreContext context,
        ReviewItem item,
        string reviewer,
        string key,
        CancellationToken stop
    )
    {
        if (await context.Reviews.SingleOrDefaultAsync(review => review.Submission == key, stop) is not { } review)
            return null;
        if (review.RecordId != item.RecordId || review.Reviewer != reviewer)
            throw new ReviewException(
                "The key of this submission was used for another one. Give each a key of its own."
            );
        return Receipt(review, item, repeated: true);
    }

    private static async Task End(
        StoreContext context,
        long itemId,
        string reviewer,
        bool keepDraft,
        CancellationToken stop
    )
    {
        await context
            .ReviewLeases.Where(lease => lease.ItemId == itemId && lease.Reviewer == reviewer)
            .ExecuteDeleteAsync(stop);
        if (keepDraft)
            return;
        await context
            .ReviewDrafts.Where(draft => draft.ItemId == itemId && draft.Reviewer == reviewer)
            .ExecuteDeleteAsync(stop);
    }

    /// <summary>Brings item and record up to date with the standing reviews, and notes it.</summary>
    internal async Task Settle(
        StoreContext context,
        ReviewItem item,
        string actor,
        string action,
        object said,
        CancellationToken stop
    )
    {
        var outcome = ReviewOutcome.Of(await Standing(context, item.RecordId).ToListAsync(stop), item.Batch!.Overlap);
        var before = new { Item = item.State, Record = item.Record!.Review };
        (item.Judged, item.State) = (outcome.Judged, outcome.Item);
        item.Record.Review = outcome.Record;
        var after = new
        {
            Item = item.State,
            Record = item.Record.Review,
            Said = said,
        };
        ReviewAudit.Note(context, Now, actor, action, $"record:{item.RecordId}", before, after);
    }

    private async Task Restore(StoreContext context, ReviewItem item, Review review, CancellationToken stop)
    {
        var lease = await queue.Keep(context, item, review.Reviewer, stop);
        // It comes before what is held already.
        var first = await context
            .ReviewLeases.Where(other => other.Reviewer == review.Reviewer && other.Item!.BatchId == item.BatchId)
            .MinAsync(other => (DateTime?)other.TakenAt, stop);
        lease.TakenAt = (first ?? Now).AddSeconds(-1);
        var typed = review.EditedCompletion is { } edited
            ? Cot.CompletionFormat.Parse(edited, Cot.CompletionStyle.Cot).Think
            : null;
        var kept = await context.ReviewDrafts.AnyAsync(
            draft => draft.ItemId == item.Id && draft.Reviewer == review.Reviewer,
            stop
        );
        if (kept || (typed is null && review.Ratings is null && review.Comment is null))
            return;
        context.Add(
            new ReviewDraft
            {
                ItemId = item.Id,
                Reviewer = review.Reviewer,
                Text = typed,
                Ratings = review.Ratings,
                Comment = review.Comment,
                Version = 1,
                SavedAt = Now,
            }
        );
    }
}
