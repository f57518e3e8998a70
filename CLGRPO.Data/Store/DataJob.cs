namespace CLGRPO.Data.Store;

/// <summary>Work on data sets that outlives whoever asked for it.</summary>
public enum DataJobKind
{
    Import,
    Split,
    Freeze,
    Compare,
    Export,
}

/// <summary>A piece of work on data sets: what is to be done, how far it is, what came of it.</summary>
public sealed class DataJob
{
    public long Id { get; init; }
    public DataJobKind Kind { get; init; }
    public JobState State { get; set; }

    /// <summary>What it works on, in words that people may see.</summary>
    public required string Title { get; init; }

    /// <summary>The data set that it is about; null while there is none.</summary>
    public long? DatasetId { get; set; }

    /// <summary>As JSON. May hold paths of the server: never shown.</summary>
    public required string Settings { get; init; }

    /// <summary>Steps done, of <see cref="Total"/>; rows for an import.</summary>
    public long Done { get; set; }
    public long? Total { get; set; }

    /// <summary>What came of it, as JSON; see the kind.</summary>
    public string? Result { get; set; }

    /// <summary>Why it failed, in a sentence.</summary>
    public string? Failure { get; set; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? StartedAt { get; set; }
    public DateTime? FinishedAt { get; set; }
}
