namespace CLGRPO.Data.Store;

public enum JobState
{
    Queued,
    Running,
    Paused,
    Completed,
    Cancelled,
    Failed,
}

/// <summary>A construction of COT data over the samples of a data set.</summary>
public sealed class ConstructionJob
{
    public long Id { get; init; }
    public long DatasetId { get; init; }
    public StoredDataset? Dataset { get; init; }
    public required string Name { get; init; }

    /// <summary>All settings, as JSON; teachers and prompts by name and version.</summary>
    public required string Config { get; init; }
    public JobState State { get; set; }

    /// <summary>A dry run: what it accepts is looked at and never frozen.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Why it failed, or why it pauses where nobody asked it to.</summary>
    public string? Failure { get; set; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? FinishedAt { get; set; }
}

public enum ItemState
{
    /// <summary>Neither accepted nor given up; the records and votes of its round say what is still to be asked.</summary>
    Open,
    Accepted,
    Rejected,
}

/// <summary>One sample of a job. With the records and votes of the sample it says what is to be asked next.</summary>
public sealed class ConstructionItem
{
    public long Id { get; init; }
    public long JobId { get; init; }
    public long SampleId { get; init; }
    public StoredSample? Sample { get; init; }
    public ItemState State { get; set; }

    /// <summary>Attempts that were judged; the number of the round it is in.</summary>
    public int Attempts { get; set; }

    /// <summary>The accepted record.</summary>
    public long? RecordId { get; set; }

    /// <summary>Why no attempt was good enough.</summary>
    public List<string> Reasons { get; set; } = [];
}

/// <summary>A request to a teacher and what became of it, for cost, throughput and the retry policy.</summary>
public sealed class TeacherCall
{
    public long Id { get; init; }
    public long? JobId { get; init; }
    public long? SampleId { get; init; }
    public required string Teacher { get; init; }
    public PromptPurpose Purpose { get; init; }

    /// <summary>Which attempt on the sample it belongs to, from 0.</summary>
    public int Attempt { get; init; }

    /// <summary>Which try of the same question, from 0.</summary>
    public int Try { get; init; }

    /// <summary><c>answered</c>, or why not: <c>rate_limited</c>, <c>timeout</c>, <c>connection_lost</c>, <c>refused</c>, <c>garbage</c>, <c>too_large</c>, <c>truncated</c>.</summary>
    public required string Outcome { get; init; }
    public int? HttpStatus { get; init; }

    /// <summary>In our own words; never the library's message, never the key.</summary>
    public string? Error { get; init; }
    public int PromptTokens { get; init; }
    public int CompletionTokens { get; init; }
    public double Cost { get; init; }
    public double Seconds { get; init; }
    public DateTime StartedAt { get; init; }
}
