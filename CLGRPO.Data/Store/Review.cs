namespace CLGRPO.Data.Store;

public enum Verdict
{
    Accept,
    Reject,
    Edit,
    Flag,
    Skip,
}

/// <summary>One person's judgement of a record; a later one of the same person replaces it (<see cref="Superseded"/>).</summary>
public sealed class Review
{
    public long Id { get; init; }
    public long RecordId { get; init; }
    public CotRecord? Record { get; init; }
    public required string Reviewer { get; init; }
    public Verdict Verdict { get; init; }

    /// <summary>Why it was rejected or flagged.</summary>
    public string? Reason { get; init; }

    /// <summary>The record's text as the reviewer wants it; only with <see cref="Verdict.Edit"/>.</summary>
    public string? EditedCompletion { get; init; }

    /// <summary>Answers to the questions, as JSON: question → 1 to 5 (<see cref="Reviews.ReviewQuestion"/>).</summary>
    public string? Ratings { get; init; }
    public string? Comment { get; init; }
    public bool Superseded { get; set; }
    public DateTime CreatedAt { get; init; }

    /// <summary>The sender's own key: the same submission sent twice is one review. Null for reviews from elsewhere.</summary>
    public string? Submission { get; init; }

    /// <summary>The act over a filter that it belongs to; null for a judgement of its own.</summary>
    public string? Bulk { get; init; }

    /// <summary>A lead's word on a conflict: it counts before all others.</summary>
    public bool Final { get; init; }

    /// <summary>The version of the guidelines that lay beside it.</summary>
    public int? Guideline { get; init; }

    /// <summary>From the item's appearance to the verdict; null where nobody measured.</summary>
    public double? Seconds { get; init; }

    /// <summary>When its own author took it back; it is <see cref="Superseded"/> then.</summary>
    public DateTime? UndoneAt { get; set; }
}

/// <summary>Who did what, when; rows are only ever added.</summary>
public sealed class AuditEntry
{
    public long Id { get; init; }
    public DateTime At { get; init; }
    public required string Actor { get; init; }

    /// <summary>Such as <c>dataset.freeze</c>.</summary>
    public required string Action { get; init; }

    /// <summary>What it was done to, such as <c>dataset:3</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>As JSON, without secrets.</summary>
    public string? Before { get; init; }
    public string? After { get; init; }
}
