using CLGRPO.Data.Cot;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>An item that a lead decides on, or has decided on, with what everybody said.</summary>
public sealed record ReviewConflict(
    long ItemId,
    long RecordId,
    long BatchId,
    string Key,
    string Image,
    string Label,
    string Teacher,
    string Reasoning,
    ReviewItemState State,
    IReadOnlyList<ReviewOpinion> Opinions,
    ReviewOpinion? Decision,
    IReadOnlyList<ReviewComment> Comments
);

/// <param name="Text">The reasoning as edited; null for none.</param>
public sealed record ReviewOpinion(
    string Reviewer,
    Verdict Verdict,
    string? Reason,
    string? Text,
    IReadOnlyDictionary<string, int> Ratings,
    string? Comment,
    DateTime At
);

/// <summary>Lists what people do not agree on.</summary>
public sealed class ReviewConflicts(StoreFactory store)
{
    /// <summary>Items in conflict, oldest first; or those that a lead decided on, newest first.</summary>
    /// <returns>A part of them, and how many there are.</returns>
    public async Task<(IReadOnlyList<ReviewConflict> Some, int Total)> List(
        long batchId,
        bool decided,
        int offset,
        int limit,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        await ReviewBatches.Require(context, batchId, stop);
        var items = context
            .ReviewItems.AsNoTracking()
            .Include(item => item.Record)
                .ThenInclude(record => record!.Sample)
            .Where(item => item.BatchId == batchId);
        items = decided
            ? items
                .Where(item =>
                    item.State == ReviewItemState.Done
                    && context.Reviews.Any(review =>
                        review.RecordId == item.RecordId && review.Final && !review.Superseded
                    )
                )
                .OrderByDescending(item => item.Id)
            : items.Where(item => item.State == ReviewItemState.Conflict).OrderBy(item => item.Id);
        var total = await items.CountAsync(stop);
        var some = await items.Skip(offset).Take(limit).ToListAsync(stop);
        var records = some.ConvertAll(item => item.RecordId);
        var reviews = (
            await context
                .Reviews.AsNoTracking()
                .Where(review => records.Contains(review.RecordId) && !review.Superseded)
                .OrderBy(review => review.Id)
                .ToListAsync(stop)
        ).ToLookup(review => review.RecordId);
        var comments = (
            await context
                .ReviewComments.AsNoTracking()
                .Where(comment => records.Contains(comment.RecordId))
                .OrderBy(comment => comment.Id)
                .ToListAsync(stop)
        ).ToLookup(comment => comment.RecordId);
        return (
            some.ConvertAll(item => Conflict(item, [.. reviews[item.RecordId]], [.. comments[item.RecordId]])),
            total
        );
    }

    private static ReviewConflict Conflict(
        ReviewItem item,
        IReadOnlyList<Review> reviews,
        IReadOnlyList<ReviewComment> comments
    )
    {
        var (record, sample) = (item.Record!, item.Record!.Sample!);
        return new ReviewConflict(
            item.Id,
            item.RecordId,
            item.BatchId,
            sample.Key,
            sample.Image,
            sample.Label,
            record.Teacher,
            Reasoning(record.Completion),
            item.State,
            [.. reviews.Where(review => !review.Final && review.Verdict != Verdict.Skip).Select(Opinion)],
            reviews.Where(review => review.Final).Select(Opinion).LastOrDefault(),
            comments
        );
    }

    private static ReviewOpinion Opinion(Review review) =>
        new(
            review.Reviewer,
            review.Verdict,
            review.Reason,
            review.EditedCompletion is { } edited ? Reasoning(edited) : null,
            ReviewQuestion.FromJson(review.Ratings),
            review.Comment,
            review.CreatedAt
        );

    private static string Reasoning(string completion) =>
        CompletionFormat.Parse(completion, CompletionStyle.Cot).Think?.Trim() ?? completion;
}
