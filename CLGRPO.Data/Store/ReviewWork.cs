namespace CLGRPO.Data.Store;

/// <summary>That an item is somebody's until a moment. One who is late keeps it as long as nobody else took it.</summary>
public sealed class ReviewLease
{
    public long ItemId { get; init; }
    public ReviewItem? Item { get; init; }
    public required string Reviewer { get; init; }

    /// <summary>The order in which a person's items come.</summary>
    public DateTime TakenAt { get; set; }
    public DateTime ExpiresAt { get; set; }
}

/// <summary>What somebody typed about an item and has not sent.</summary>
public sealed class ReviewDraft
{
    public long ItemId { get; init; }
    public ReviewItem? Item { get; init; }
    public required string Reviewer { get; init; }

    /// <summary>The reasoning as edited; null where it was not touched.</summary>
    public string? Text { get; set; }

    /// <summary>Answers so far, as JSON: question → 1 to 5.</summary>
    public string? Ratings { get; set; }

    /// <summary>A comment that was begun.</summary>
    public string? Comment { get; set; }

    /// <summary>Raised by every save of the texts.</summary>
    public int Version { get; set; }
    public DateTime SavedAt { get; set; }
}

/// <summary>Something said about a record, for everyone who judges it.</summary>
public sealed class ReviewComment
{
    public long Id { get; init; }
    public long RecordId { get; init; }
    public required string Author { get; init; }
    public required string Text { get; init; }
    public DateTime CreatedAt { get; init; }
}

/// <summary>A version of the instructions for a data set; versions are never changed.</summary>
public sealed class ReviewGuideline
{
    public long Id { get; init; }
    public long DatasetId { get; init; }

    /// <summary>From 1, for each data set.</summary>
    public int Version { get; init; }

    /// <summary>Plain text with marks at line starts: <c># </c> a heading, <c>+ </c> an example that passes, <c>- </c> one that does not.</summary>
    public required string Text { get; init; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
}
