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

    /// <summary>Answers to the questions, as JSON: question → 1 to 5.</summary>
    public string? Ratings { get; init; }
    public string? Comment { get; init; }
    public bool Superseded { get; set; }
    public DateTime CreatedAt { get; init; }
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
