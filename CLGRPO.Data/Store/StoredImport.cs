namespace CLGRPO.Data.Store;

/// <summary>An import, as far as it came; it goes on from <see cref="Cursor"/>.</summary>
public sealed class StoredImport
{
    public long Id { get; init; }
    public long DatasetId { get; init; }

    /// <summary>Folder or archive, as given.</summary>
    public required string Source { get; init; }

    /// <summary>Such as <c>emoset</c>, <c>folder</c>, <c>csv</c>.</summary>
    public required string Format { get; init; }
    public JobState State { get; set; }

    /// <summary>Rows of the source that were dealt with.</summary>
    public long Cursor { get; set; }
    public long? TotalRows { get; set; }
    public long Imported { get; set; }

    /// <summary>Rows whose image was there already.</summary>
    public long Duplicates { get; set; }
    public long Problems { get; set; }
    public string? Failure { get; set; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? FinishedAt { get; set; }
}

/// <summary>A row that was not imported, and why.</summary>
public sealed class ImportProblem
{
    public long Id { get; init; }
    public long ImportId { get; init; }
    public required string File { get; init; }

    /// <summary>From 1; for formats without lines, the row's place.</summary>
    public long Line { get; init; }
    public required string Reason { get; init; }
}
