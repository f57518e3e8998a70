using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>What a person typed so far.</summary>
/// <param name="Text">The reasoning as edited; null where it was not touched.</param>
/// <param name="Ratings">Answers so far.</param>
/// <param name="Comment">A comment that was begun; null for none.</param>
public sealed record DraftContent(string? Text, IReadOnlyDictionary<string, int> Ratings, string? Comment);

/// <summary>Keeps what people typed and have not sent, and what they say to each other.</summary>
public sealed class ReviewDrafts(ReviewWrites writes, TimeProvider clock)
{
    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>Saves texts over the version that they were made from; answers stay as they are.</summary>
    /// <param name="text">The reasoning as edited; null where it is not touched (any more).</param>
    /// <param name="comment">A comment that was begun; null or empty for none.</param>
    /// <param name="based">The version that was changed; 0 for none.</param>
    /// <returns>The new version; 0 where there is no draft now.</returns>
    /// <exception cref="ReviewConflictException">The same person saved another one in another window.</exception>
    /// <exception cref="ReviewException">It is too long.</exception>
    public Task<int> Save(
        long itemId,
        string reviewer,
        string? text,
        string? comment,
        int based,
        CancellationToken stop
    )
    {
        if (text?.Length > VerdictSubmission.MostCharacters)
            throw new ReviewException($"The reasoning has {VerdictSubmission.MostCharacters} characters at most.");
        if (comment?.Length > VerdictSubmission.MostCommentCharacters)
            throw new ReviewException($"A comment has {VerdictSubmission.MostCommentCharacters} characters at most.");
        return writes.Do(
            async context =>
            {
                var draft = await Find(context, itemId, reviewer, stop);
                if ((draft?.Version ?? 0) != based)
                    throw new ReviewConflictException(
                        "This draft was changed in another window since. Load the item again to see it."
                    );
                return Change(
                    context,
                    itemId,
                    reviewer,
                    draft,
                    draft =>
                    {
                        (draft.Text, draft.Comment) = (text, comment is { Length: > 0 } ? comment : null);
                        draft.Version++;
                    }
                );
            },
            stop
        );
    }

    /// <summary>Saves the answers so far; texts and their version stay as they are.</summary>
    /// <exception cref="ReviewException">An answer is not possible.</exception>
    public Task Rate(long itemId, string reviewer, IReadOnlyDictionary<string, int> ratings, CancellationToken stop)
    {
        var json = ReviewQuestion.ToJson(ratings);
        return writes.Do(
            async context =>
                Change(
                    context,
                    itemId,
                    reviewer,
                    await Find(context, itemId, reviewer, stop),
                    draft => draft.Ratings = json
                ),
            stop
        );
    }

    /// <summary>Says something about the item's record, for everyone who judges it.</summary>
    /// <exception cref="ReviewException">It is empty or too long.</exception>
    public Task<ReviewComment> Comment(long itemId, string author, string text, CancellationToken stop)
    {
        var trimmed = text.ReplaceLineEndings("\n").Trim();
        if (trimmed.Length is 0 or > VerdictSubmission.MostCommentCharacters)
            throw new ReviewException($"A comment has 1 to {VerdictSubmission.MostCommentCharacters} characters.");
        return writes.Do(
            async context =>
            {
                var item =
                    await context.ReviewItems.AsNoTracking().SingleOrDefaultAsync(item => item.Id == itemId, stop)
                    ?? throw new KeyNotFoundException($"There is no item {itemId}.");
                var comment = new ReviewComment
                {
                    RecordId = item.RecordId,
                    Author = author,
                    Text = trimmed,
                    CreatedAt = Now,
                };
                context.Add(comment);
                ReviewAudit.Note(
                    context,
                    Now,
                    author,
                    "review.comment",
                    $"record:{item.RecordId}",
                    before: null,
                    new { Characters = trimmed.Length }
                );
                return comment;
            },
            stop
        );
    }

    private static async Task<ReviewDraft?> Find(
        StoreContext context,
        long itemId,
        string reviewer,
        CancellationToken stop
    )
    {
        if (!await context.ReviewItems.AnyAsync(item => item.Id == itemId, stop))
            throw new KeyNotFoundException($"There is no item {itemId}.");
        return await context.ReviewDrafts.SingleOrDefaultAsync(
            draft => draft.ItemId == itemId && draft.Reviewer == reviewer,
            stop
        );
    }

    /// <summary>Makes, changes or, where nothing is left in it, removes the draft.</summary>
    /// <returns>Its version; 0 for none.</returns>
    private int Change(
        StoreContext context,
        long itemId,
        string reviewer,
        ReviewDraft? draft,
        Action<ReviewDraft> change
    )
    {
        var isNew = draft is null;
        draft ??= new ReviewDraft { ItemId = itemId, Reviewer = reviewer };
        change(draft);
        draft.SavedAt = Now;
        var isEmpty = draft is { Text: null, Ratings: null, Comment: null };
        if (isNew && !isEmpty)
            context.Add(draft);
        else if (!isNew && isEmpty)
            context.Remove(draft);
        return isEmpty ? 0 : draft.Version;
    }
}
