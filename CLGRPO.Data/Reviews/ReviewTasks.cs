using CLGRPO.Data.Cot;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>Reads items for the people who judge them.</summary>
public sealed class ReviewTasks(StoreFactory store)
{
    /// <summary>An item as this person sees it; null where there is none.</summary>
    public async Task<ReviewTask?> Find(long itemId, string reviewer, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var item = await context
            .ReviewItems.AsNoTracking()
            .Include(item => item.Record)
                .ThenInclude(record => record!.Sample)
            .SingleOrDefaultAsync(item => item.Id == itemId, stop);
        if (item is null)
            return null;
        var record = item.Record!;
        var sample = record.Sample!;
        var parsed = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot);
        var tries = await Tries(context, record, stop);
        var draft = await context
            .ReviewDrafts.AsNoTracking()
            .SingleOrDefaultAsync(draft => draft.ItemId == itemId && draft.Reviewer == reviewer, stop);
        var lease = await context
            .ReviewLeases.AsNoTracking()
            .SingleOrDefaultAsync(lease => lease.ItemId == itemId && lease.Reviewer == reviewer, stop);
        return new ReviewTask(
            item.Id,
            item.BatchId,
            record.Id,
            sample.DatasetId,
            sample.Key,
            sample.Image,
            sample.Width,
            sample.Height,
            sample.Label,
            await Attributes(context, sample.Id, stop),
            record.Teacher,
            parsed.Think?.Trim() ?? record.Completion,
            parsed.Answer?.Trim(),
            tries,
            Suggest(tries),
            await context
                .ReviewComments.AsNoTracking()
                .Where(comment => comment.RecordId == record.Id)
                .OrderBy(comment => comment.Id)
                .ToListAsync(stop),
            draft is null ? null : new DraftContent(draft.Text, ReviewQuestion.FromJson(draft.Ratings), draft.Comment),
            draft?.Version ?? 0,
            lease?.ExpiresAt,
            item.State
        );
    }

    /// <summary>Items as small pictures, in the order asked for.</summary>
    public async Task<IReadOnlyList<ReviewThumb>> Thumbs(IReadOnlyList<long> itemIds, CancellationToken stop)
    {
        var ids = itemIds.ToList();
        await using var context = store.CreateDbContext();
        var found = await context
            .ReviewItems.Where(item => ids.Contains(item.Id))
            .Select(item => new ReviewThumb(item.Id, item.Record!.Sample!.Image, item.Record.Sample.Key, null))
            .ToDictionaryAsync(thumb => thumb.ItemId, stop);
        return [.. ids.Where(found.ContainsKey).Select(id => found[id])];
    }

    /// <summary>What the person judged last in the batch, oldest first.</summary>
    public async Task<IReadOnlyList<ReviewThumb>> Judged(
        long batchId,
        string reviewer,
        int count,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var newest = await context
            .Reviews.Where(review =>
                review.Reviewer == reviewer && !review.Superseded && !review.Final && review.Bulk == null
            )
            .Join(
                context.ReviewItems.Where(item => item.BatchId == batchId),
                review => review.RecordId,
                item => item.RecordId,
                (review, item) =>
                    new
                    {
                        review.Id,
                        review.Verdict,
                        ItemId = item.Id,
                        item.Record!.Sample!.Image,
                        item.Record.Sample.Key,
                    }
            )
            .OrderByDescending(review => review.Id)
            .Take(count)
            .ToListAsync(stop);
        newest.Reverse();
        return [.. newest.Select(one => new ReviewThumb(one.ItemId, one.Image, one.Key, one.Verdict))];
    }

    private static async Task<IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>>> Attributes(
        StoreContext context,
        long sampleId,
        CancellationToken stop
    )
    {
        var values = await context
            .SampleValues.Where(value => value.SampleId == sampleId)
            .Select(value => value.Value!)
            .ToListAsync(stop);
        return
        [
            .. values
                .GroupBy(value => (value.AttributeOrder, value.Attribute))
                .OrderBy(attribute => attribute.Key.AttributeOrder)
                .Select(attribute =>
                    KeyValuePair.Create(
                        attribute.Key.Attribute,
                        (IReadOnlyList<string>)
                            [.. attribute.OrderBy(value => value.ValueOrder).Select(v => v.Value).OfType<string>()]
                    )
                ),
        ];
    }

    private static async Task<IReadOnlyList<ReviewTry>> Tries(
        StoreContext context,
        CotRecord record,
        CancellationToken stop
    )
    {
        var tries = await context
            .Records.AsNoTracking()
            .Include(other => other.Votes)
            .Where(other => other.SampleId == record.SampleId && (other.JobId == record.JobId || other.Id == record.Id))
            .OrderBy(other => other.Id)
            .ToListAsync(stop);
        return
        [
            .. tries.Select(one => new ReviewTry(
                one.CreatedAt,
                one.Teacher,
                one.Attempt,
                one.State,
                one.Id == record.Id,
                [
                    .. one
                        .Votes.OrderBy(vote => vote.Id)
                        .Select(vote => new ReviewVote(vote.Teacher, vote.Label, vote.Agrees)),
                ]
            )),
        ];
    }

    /// <summary>The verifiers judged one thing: whether the reasoning leads to the label.</summary>
    private static Dictionary<string, int> Suggest(IReadOnlyList<ReviewTry> tries)
    {
        var suggestions = new Dictionary<string, int>(StringComparer.Ordinal);
        if (tries.Single(one => one.Current).Votes is { Count: > 0 } votes)
        {
            var share = votes.Count(vote => vote.Agrees) / (double)votes.Count;
            suggestions["leads"] =
                ReviewQuestion.Least
                + (int)Math.Round(share * (ReviewQuestion.Most - ReviewQuestion.Least), MidpointRounding.AwayFromZero);
        }
        return suggestions;
    }
}
