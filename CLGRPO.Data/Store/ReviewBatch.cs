using System.Text.Json;

namespace CLGRPO.Data.Store;

/// <summary>What comes first in a queue.</summary>
public enum ReviewOrder
{
    /// <summary>As the records were written.</summary>
    Oldest,

    /// <summary>The least agreement of the verifiers first; what nobody verified last.</summary>
    Uncertain,

    /// <summary>What was flagged first, then as <see cref="Uncertain"/>.</summary>
    Flagged,
}

/// <summary>Records that people shall judge. A record is in one batch at most.</summary>
public sealed class ReviewBatch
{
    public long Id { get; init; }
    public long DatasetId { get; init; }
    public StoredDataset? Dataset { get; init; }

    /// <summary>Unique.</summary>
    public required string Name { get; set; }

    /// <summary>How many people judge each record.</summary>
    public int Overlap { get; init; } = 1;
    public ReviewOrder Order { get; init; }

    /// <summary>Who judges; empty for everyone who may.</summary>
    public List<string> Assignees { get; set; } = [];

    /// <summary>How long an item is somebody's without a sign of life, minutes.</summary>
    public int LeaseMinutes { get; init; } = 15;

    /// <summary>Which records it takes, as JSON (<see cref="ReviewFilter"/>).</summary>
    public required string Filter { get; init; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }

    /// <summary>Null while people judge.</summary>
    public DateTime? ClosedAt { get; set; }
}

/// <summary>How far an item of a batch is.</summary>
public enum ReviewItemState
{
    /// <summary>Judgements are missing.</summary>
    Open,

    /// <summary>Judged by as many as it takes, or by a lead.</summary>
    Done,

    /// <summary>Judged by as many as it takes, who do not agree or flagged it: a lead decides.</summary>
    Conflict,
}

/// <summary>A record in a batch.</summary>
public sealed class ReviewItem
{
    public long Id { get; init; }
    public long BatchId { get; init; }
    public ReviewBatch? Batch { get; init; }
    public long RecordId { get; init; }
    public CotRecord? Record { get; init; }

    /// <summary>Lower ones come first.</summary>
    public double Rank { get; init; }
    public ReviewItemState State { get; set; }

    /// <summary>Judgements that stand, without skips.</summary>
    public int Judged { get; set; }

    /// <summary>Counts every act on the item. Raising it locks the row on PostgreSQL, so that acts on one item follow one another.</summary>
    public int Version { get; set; }
}

/// <summary>Which records go into a batch; what is null does not matter.</summary>
public sealed record ReviewFilter
{
    /// <summary>States of the construction.</summary>
    public IReadOnlyList<CotState> States { get; init; } = [CotState.Accepted];

    /// <summary>What people said so far.</summary>
    public IReadOnlyList<ReviewState> Reviews { get; init; } = [ReviewState.Pending, ReviewState.Flagged];
    public IReadOnlyList<string>? Labels { get; init; }
    public IReadOnlyList<string>? Teachers { get; init; }
    public IReadOnlyList<string>? Jobs { get; init; }
    public IReadOnlyList<Datasets.Split>? Splits { get; init; }

    /// <summary>Share of verifiers that agreed, 0 to 1; records that nobody verified fail both.</summary>
    public double? MinAgreement { get; init; }
    public double? MaxAgreement { get; init; }

    /// <summary>A part of the completion; case matters on PostgreSQL and not, for ASCII letters, on SQLite.</summary>
    public string? Text { get; init; }

    /// <summary>As JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StoreJson.Options);

    /// <exception cref="JsonException">It is no filter.</exception>
    public static ReviewFilter FromJson(string json) =>
        JsonSerializer.Deserialize<ReviewFilter>(json, StoreJson.Options)
        ?? throw new JsonException("A filter is an object, not null.");
}
