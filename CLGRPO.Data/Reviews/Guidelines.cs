using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>The instructions beside the item, in versions; a review keeps which one it was made under.</summary>
public sealed class Guidelines(ReviewWrites writes, TimeProvider clock)
{
    public const int MostCharacters = 20_000;

    private const string FirstText = """
        Judge the reasoning, not the picture. It must get from what is visible to the label without help.

        # Accept
        Every statement can be pointed at in the image, and the last step leads to the label.

        # Edit
        One or two phrases are wrong or idle. Keep the author's order and length.

        # Reject
        It names things that are not there, states the label first and argues backwards, or would fit any picture.

        # Flag
        The label itself looks wrong, or the picture should not be in the set. A lead decides.

        + Loose balloons, bright canopies and a child looking up: nothing here asks for more than fun.
        - The picture is full of amusement, so it makes people feel amused.
        """;

    /// <summary>The newest version; null where there is none.</summary>
    public async Task<ReviewGuideline?> Newest(long datasetId, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await Of(context, datasetId).FirstOrDefaultAsync(stop);
    }

    /// <summary>All versions, newest first.</summary>
    public async Task<IReadOnlyList<ReviewGuideline>> List(long datasetId, CancellationToken stop)
    {
        await using var context = writes.Store.CreateDbContext();
        return await Of(context, datasetId).ToListAsync(stop);
    }

    /// <summary>Adds a version.</summary>
    /// <param name="based">The version that was changed; 0 for none.</param>
    /// <exception cref="ReviewException">The text is empty, too long, or the same.</exception>
    /// <exception cref="ReviewConflictException">Somebody else added one since.</exception>
    public Task<ReviewGuideline> Add(long datasetId, string text, int based, string actor, CancellationToken stop)
    {
        var trimmed = text.ReplaceLineEndings("\n").Trim();
        if (trimmed.Length is 0 or > MostCharacters)
            throw new ReviewException($"Guidelines have 1 to {MostCharacters} characters, not {trimmed.Length}.");
        return writes.Do(
            async context =>
            {
                if (!await context.Datasets.AnyAsync(set => set.Id == datasetId, stop))
                    throw new KeyNotFoundException($"There is no data set {datasetId}.");
                var newest = await Of(context, datasetId).FirstOrDefaultAsync(stop);
                if ((newest?.Version ?? 0) != based)
                    throw new ReviewConflictException(
                        $"{newest?.CreatedBy} saved version {newest?.Version} while you wrote. Look at it, then save yours again."
                    );
                if (newest?.Text == trimmed)
                    throw new ReviewException("Nothing was changed.");
                var now = clock.GetUtcNow().UtcDateTime;
                var added = new ReviewGuideline
                {
                    DatasetId = datasetId,
                    Version = based + 1,
                    Text = trimmed,
                    CreatedBy = actor,
                    CreatedAt = now,
                };
                context.Add(added);
                ReviewAudit.Note(
                    context,
                    now,
                    actor,
                    "review.guideline",
                    $"dataset:{datasetId}",
                    before: null,
                    new { added.Version }
                );
                return added;
            },
            stop
        );
    }

    internal static ReviewGuideline First(long datasetId, string actor, DateTime now) =>
        new()
        {
            DatasetId = datasetId,
            Version = 1,
            Text = FirstText.ReplaceLineEndings("\n"),
            CreatedBy = actor,
            CreatedAt = now,
        };

    private static IQueryable<ReviewGuideline> Of(StoreContext context, long datasetId) =>
        context
            .ReviewGuidelines.AsNoTracking()
            .Where(text => text.DatasetId == datasetId)
            .OrderByDescending(text => text.Version);
}
