using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Reviews;

/// <summary>A batch of records that people judge.</summary>
/// <param name="Overlap">How many people judge each record.</param>
/// <param name="Assignees">Who judges; empty for everyone who may.</param>
/// <param name="Filter">Which records it takes.</param>
/// <param name="ClosedAt">Null while people judge.</param>
public sealed record BatchSummary(
    long Id,
    string Name,
    long DatasetId,
    string Dataset,
    int Overlap,
    ReviewOrder Order,
    IReadOnlyList<string> Assignees,
    int LeaseMinutes,
    ReviewFilter Filter,
    string CreatedBy,
    DateTime CreatedAt,
    DateTime? ClosedAt
)
{
    internal static BatchSummary Of(ReviewBatch batch) =>
        new(
            batch.Id,
            batch.Name,
            batch.DatasetId,
            batch.Dataset!.Name,
            batch.Overlap,
            batch.Order,
            batch.Assignees,
            batch.LeaseMinutes,
            ReviewFilter.FromJson(batch.Filter),
            batch.CreatedBy,
            batch.CreatedAt,
            batch.ClosedAt
        );
}

/// <summary>A batch to be made.</summary>
public sealed record CreateBatch
{
    /// <summary>The data set's id.</summary>
    [Required]
    public required long DatasetId { get; init; }

    [Required, StringLength(80, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>How many people judge each record.</summary>
    [Range(1, ReviewBatches.MostOverlap)]
    public int Overlap { get; init; } = 1;

    /// <summary>What comes first.</summary>
    public ReviewOrder Order { get; init; } = ReviewOrder.Flagged;

    /// <summary>Names; empty for everyone who may.</summary>
    [MaxLength(200)]
    public IReadOnlyList<string> Assignees { get; init; } = [];

    /// <summary>How long an item is somebody's without a sign of life.</summary>
    [Range(1, ReviewBatches.MostLeaseMinutes)]
    public int LeaseMinutes { get; init; } = 15;

    /// <summary>Which records it takes.</summary>
    public ReviewFilter Filter { get; init; } = new();
}

/// <summary>A count of items or records.</summary>
public sealed record ReviewCount(int Count);

/// <summary>Items that are the caller's now, in order.</summary>
public sealed record NextItems(IReadOnlyList<ReviewTask> Items);

/// <summary>How far a batch is, and the caller's part of it.</summary>
public sealed record BatchProgress(ReviewProgress Team, OwnProgress Mine);

/// <summary>The caller's part of a batch.</summary>
/// <param name="Today">Judgements since midnight UTC.</param>
public sealed record OwnProgress(int Judged, int Today, int Skipped, int Drafts);

/// <summary>A verdict on an item.</summary>
public sealed record JudgeItem
{
    /// <summary>Chosen by you; sent again after a lost answer, the review is stored once all the same.</summary>
    [Required, StringLength(VerdictSubmission.MostKeyCharacters, MinimumLength = 1)]
    public required string Key { get; init; }

    [Required]
    public required Verdict Verdict { get; init; }

    /// <summary>To reject: not_in_image, label_given_away, wrong_label, circular or language.</summary>
    [StringLength(VerdictSubmission.MostCommentCharacters)]
    public string? Reason { get; init; }

    /// <summary>To edit: the reasoning as it should be, without tags.</summary>
    [StringLength(VerdictSubmission.MostCharacters)]
    public string? Text { get; init; }

    /// <summary>Question (faithful, leads, fluent) → 1 to 5.</summary>
    public Dictionary<string, int>? Ratings { get; init; }

    [StringLength(VerdictSubmission.MostCommentCharacters)]
    public string? Comment { get; init; }

    /// <summary>The version of the guidelines that lay beside it.</summary>
    public int? Guideline { get; init; }

    /// <summary>From the item's appearance to the verdict.</summary>
    [Range(0, 86_400)]
    public double? Seconds { get; init; }

    internal VerdictSubmission ToSubmission() =>
        new()
        {
            Key = Key,
            Verdict = Verdict,
            Reason = Reason,
            Text = Text,
            Ratings = Ratings,
            Comment = Comment,
            Guideline = Guideline,
            Seconds = Seconds,
        };
}

/// <summary>A verdict over a filter.</summary>
public sealed record JudgeMany
{
    /// <summary>Chosen by you; sent again, the act goes on where it ended.</summary>
    [Required, StringLength(36, MinimumLength = 1)]
    public required string Key { get; init; }

    [Required]
    public required ReviewFilter Filter { get; init; }

    /// <summary>accept, reject or flag.</summary>
    [Required]
    public required Verdict Verdict { get; init; }

    /// <summary>To reject.</summary>
    [StringLength(100)]
    public string? Reason { get; init; }

    /// <summary>The number that the count gave; another number now is a conflict, and nothing is done.</summary>
    [Range(1, int.MaxValue)]
    public required int Expected { get; init; }
}

/// <summary>What was typed about an item and is not sent.</summary>
public sealed record SaveDraft
{
    /// <summary>The reasoning as edited; left out where it is not touched.</summary>
    [StringLength(VerdictSubmission.MostCharacters)]
    public string? Text { get; init; }

    /// <summary>A comment that was begun.</summary>
    [StringLength(VerdictSubmission.MostCommentCharacters)]
    public string? Comment { get; init; }

    /// <summary>The version that was changed; 0 for none.</summary>
    [Range(0, int.MaxValue)]
    public required int Version { get; init; }
}

/// <summary>The draft as it is saved now.</summary>
/// <param name="Version">0 where there is none.</param>
public sealed record DraftSaved(int Version);

/// <summary>Until when an item is the caller's.</summary>
public sealed record LeaseEnds(DateTime Ends);

/// <summary>Something said about an item.</summary>
public sealed record AddComment
{
    [Required, StringLength(VerdictSubmission.MostCommentCharacters, MinimumLength = 1)]
    public required string Text { get; init; }
}

/// <summary>A new version of the guidelines.</summary>
public sealed record AddGuideline
{
    /// <summary>Plain text; at line starts "# " marks a heading, "+ " an example that passes, "- " one that does not.</summary>
    [Required, StringLength(Guidelines.MostCharacters, MinimumLength = 1)]
    public required string Text { get; init; }

    /// <summary>The version that was changed; 0 for none.</summary>
    [Range(0, int.MaxValue)]
    public required int Version { get; init; }
}
