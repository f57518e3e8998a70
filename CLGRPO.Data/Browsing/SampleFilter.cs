using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Browsing;

/// <summary>
/// Where a sample stands: what people said about the best of its chains of thought that the construction or a reviewer accepted (the one
/// that freezing would take first).
/// </summary>
public enum SampleStanding
{
    /// <summary>It has no accepted chain of thought yet.</summary>
    None,

    /// <summary>Nobody judged it yet.</summary>
    Pending,
    Accepted,
    Edited,
    Rejected,
    Flagged,
}

/// <summary>In which order samples are shown.</summary>
public enum SampleOrder
{
    /// <summary>As they came in.</summary>
    Imported,

    /// <summary>Last come, first shown.</summary>
    Newest,

    /// <summary>Those with the newest chain of thought first.</summary>
    Changed,
}

/// <summary>Values of one attribute, any of which fits.</summary>
/// <param name="Values">An empty text stands for "known, and none of them".</param>
public sealed record AttributeChoice(string Attribute, IReadOnlyList<string> Values);

/// <summary>A range of an attribute whose values are numbers, both ends included.</summary>
public sealed record AttributeRange(string Attribute, double Low, double High);

/// <summary>Which samples of a data set are meant. What is empty lets everything pass; within a list any entry fits, all lists must.</summary>
public sealed record SampleFilter
{
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Null stands for samples without a split.</summary>
    public IReadOnlyList<Split?> Splits { get; init; } = [];
    public IReadOnlyList<SampleStanding> Standings { get; init; } = [];

    /// <summary>Those who wrote an accepted chain of thought of the sample.</summary>
    public IReadOnlyList<string> Teachers { get; init; } = [];
    public IReadOnlyList<AttributeChoice> Attributes { get; init; } = [];
    public IReadOnlyList<AttributeRange> Ranges { get; init; } = [];

    /// <summary>In the id, at the start of the picture's hash, or in a chain of thought; letter case is ignored.</summary>
    public string? Text { get; init; }

    public bool IsEmpty =>
        Labels.Count + Splits.Count + Standings.Count + Teachers.Count + Attributes.Count + Ranges.Count == 0
        && string.IsNullOrWhiteSpace(Text);
}

/// <summary>The part of a chain of thought's life that decides where its sample stands.</summary>
internal static class Standings
{
    /// <summary>Best first, as <see cref="VersionFreezer"/> chooses.</summary>
    public static readonly SampleStanding[] ByRank =
    [
        SampleStanding.Edited,
        SampleStanding.Accepted,
        SampleStanding.Pending,
        SampleStanding.Flagged,
        SampleStanding.Rejected,
        SampleStanding.None,
    ];

    public const int NoneRank = 5;

    /// <summary>Records that a version may take: accepted by the construction or by a reviewer, and of no dry run.</summary>
    public static async Task<IQueryable<CotRecord>> Eligible(
        StoreContext context,
        long datasetId,
        CancellationToken stop
    )
    {
        var trials = await Microsoft.EntityFrameworkCore.EntityFrameworkQueryableExtensions.ToListAsync(
            context.Jobs.Where(job => job.DatasetId == datasetId && job.IsTrial).Select(job => job.Id),
            stop
        );
        var records = context.Records.Where(record =>
            record.State == CotState.Accepted
            || record.Review == ReviewState.Accepted
            || record.Review == ReviewState.Edited
        );
        return trials.Count == 0
            ? records
            : records.Where(record => record.JobId == null || !trials.Contains(record.JobId.Value));
    }
}
