using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Store;

/// <summary>An immutable version that was made of a data set. With its <see cref="Samples"/> it can be made again, byte for byte, whatever came later.</summary>
public sealed class FrozenVersion
{
    public long Id { get; init; }
    public long DatasetId { get; init; }

    /// <summary>Content hash; the version's folder bears it.</summary>
    public required string Hash { get; init; }

    /// <summary>Which records were taken, as JSON.</summary>
    public required string Selection { get; init; }

    /// <summary>The version's <c>dataset.json</c>: name, question, labels and vocabulary as they were.</summary>
    public required string Description { get; init; }
    public int SampleCount { get; init; }
    public int CompletionCount { get; init; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
    public List<FrozenSample> Samples { get; init; } = [];
}

/// <summary>A row of a frozen version: what may change in the store, as it was, and which text was taken.</summary>
public sealed class FrozenSample
{
    public long VersionId { get; init; }
    public long SampleId { get; init; }
    public Split Split { get; init; }
    public required string Label { get; init; }

    /// <summary>The chain of thought; null for a sample without one.</summary>
    public long? RecordId { get; init; }

    /// <summary>The review whose edit replaced the record's text; null where the record's own text was taken.</summary>
    public long? ReviewId { get; init; }
}
