using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>Samples of one class in one split.</summary>
/// <param name="Split">Null for samples without one.</param>
public sealed record ClassCount(string Label, Split? Split, int Samples);

/// <summary>Samples whose annotation holds a value.</summary>
/// <param name="Value">Null for "known, and none of the values".</param>
/// <param name="Split">Null for samples without one.</param>
public sealed record AttributeCount(string Attribute, string? Value, Split? Split, int Samples);

/// <summary>Chains of thought of one teacher in one state.</summary>
/// <param name="Agreement">Mean share of verifiers that agreed; null where nobody verified.</param>
/// <param name="Cost">Of their making, without votes.</param>
public sealed record RecordCount(
    string Label,
    string Teacher,
    CotState State,
    ReviewState Review,
    int Records,
    double? Agreement,
    double Cost
);

/// <summary>What a data set of the store holds.</summary>
/// <param name="Classes">In the order of the data set's labels, then of the splits; only what occurs.</param>
/// <param name="Attributes">In the vocabulary's order; only what occurs.</param>
/// <param name="Records">In the order of labels, then by teacher; only what occurs.</param>
/// <param name="WithAccepted">Samples that have an accepted chain of thought.</param>
public sealed record StoreStatistics(
    int Samples,
    IReadOnlyList<ClassCount> Classes,
    IReadOnlyList<AttributeCount> Attributes,
    IReadOnlyList<RecordCount> Records,
    int WithAccepted
)
{
    /// <summary>Counts in the database.</summary>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public static async Task<StoreStatistics> Of(StoreFactory store, long datasetId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var dataset =
            await context.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == datasetId, stop)
            ?? throw new KeyNotFoundException($"There is no data set {datasetId}.");
        var classes = await CountClasses(context, datasetId, stop);
        return new StoreStatistics(
            classes.Sum(count => count.Samples),
            [
                .. classes
                    .OrderBy(count => dataset.Labels.IndexOf(count.Label))
                    .ThenBy(count => count.Split ?? (Split)int.MaxValue),
            ],
            await CountAttributes(context, datasetId, classes, stop),
            [
                .. (await CountRecords(context, datasetId, stop))
                    .OrderBy(count => dataset.Labels.IndexOf(count.Label))
                    .ThenBy(count => count.Teacher, StringComparer.Ordinal)
                    .ThenBy(count => count.State)
                    .ThenBy(count => count.Review),
            ],
            await context
                .Records.Where(record => record.State == CotState.Accepted && record.Sample!.DatasetId == datasetId)
                .Select(record => record.SampleId)
                .Distinct()
                .CountAsync(stop)
        );
    }

    private static Task<List<ClassCount>> CountClasses(StoreContext context, long datasetId, CancellationToken stop) =>
        context
            .Samples.Where(sample => sample.DatasetId == datasetId)
            .GroupBy(sample => new { sample.Split, sample.Label })
            .Select(group => new ClassCount(group.Key.Label, group.Key.Split, group.Count()))
            .ToListAsync(stop);

    private static async Task<List<AttributeCount>> CountAttributes(
        StoreContext context,
        long datasetId,
        List<ClassCount> classes,
        CancellationToken stop
    )
    {
        var values = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        var counts = await CountValues(context, datasetId, classes, stop);
        return
        [
            .. values
                .OrderBy(value => value.AttributeOrder)
                .ThenBy(value => value.ValueOrder)
                .SelectMany(value =>
                    counts
                        .OrderBy(split => split.Split ?? (Split)int.MaxValue)
                        .Where(split => split.Samples.GetValueOrDefault(value.Id) > 0)
                        .Select(split => new AttributeCount(
                            value.Attribute,
                            value.Value,
                            split.Split,
                            split.Samples[value.Id]
                        ))
                ),
        ];
    }

    /// <summary>
    /// Value → samples, for each split. The largest split is what the others leave of the whole: an index counts the whole without looking
    /// at a sample, and the others are small.
    /// </summary>
    private static async Task<List<(Split? Split, Dictionary<long, int> Samples)>> CountValues(
        StoreContext context,
        long datasetId,
        List<ClassCount> classes,
        CancellationToken stop
    )
    {
        var ofDataset = context.AttributeValues.Where(value => value.DatasetId == datasetId).Select(value => value.Id);
        var rest = await Count(context.SampleValues.Where(value => ofDataset.Contains(value.ValueId)));
        var splits = classes
            .GroupBy(count => count.Split)
            .OrderBy(split => split.Sum(count => count.Samples))
            .Select(split => split.Key)
            .ToList();
        var counts = new List<(Split? Split, Dictionary<long, int> Samples)>();
        foreach (var split in splits.SkipLast(1))
        {
            var ids = context
                .Samples.Where(sample => sample.DatasetId == datasetId && sample.Split == split)
                .Select(sample => sample.Id);
            var some = await Count(context.SampleValues.Where(value => ids.Contains(value.SampleId)));
            foreach (var (value, samples) in some)
                rest[value] -= samples;
            counts.Add((split, some));
        }
        if (splits.Count > 0)
            counts.Add((splits[^1], rest));
        return counts;

        Task<Dictionary<long, int>> Count(IQueryable<SampleValue> rows) =>
            rows.GroupBy(value => value.ValueId)
                .Select(group => new { group.Key, Samples = group.Count() })
                .ToDictionaryAsync(group => group.Key, group => group.Samples, stop);
    }

    private static Task<List<RecordCount>> CountRecords(StoreContext context, long datasetId, CancellationToken stop) =>
        context
            .Records.Where(record => record.Sample!.DatasetId == datasetId)
            .GroupBy(record => new
            {
                record.Sample!.Label,
                record.Teacher,
                record.State,
                record.Review,
            })
            .Select(group => new RecordCount(
                group.Key.Label,
                group.Key.Teacher,
                group.Key.State,
                group.Key.Review,
                group.Count(),
                group.Average(record => record.Agreement),
                group.Sum(record => record.Cost)
            ))
            .ToListAsync(stop);
}
