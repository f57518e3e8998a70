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
            await CountAttributes(context, datasetId, stop),
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
        CancellationToken stop
    )
    {
        var values = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToDictionaryAsync(value => value.Id, stop);
        // The names are joined here: grouped by two small columns, the database only counts.
        var counts = await context
            .Samples.Where(sample => sample.DatasetId == datasetId)
            .Join(
                context.SampleValues,
                sample => sample.Id,
                value => value.SampleId,
                (sample, value) => new { sample.Split, value.ValueId }
            )
            .GroupBy(row => new { row.Split, row.ValueId })
            .Select(group => new
            {
                group.Key.Split,
                group.Key.ValueId,
                Samples = group.Count(),
            })
            .ToListAsync(stop);
        return
        [
            .. counts
                .Select(count => (Value: values[count.ValueId], count.Split, count.Samples))
                .OrderBy(count => count.Value.AttributeOrder)
                .ThenBy(count => count.Value.ValueOrder)
                .ThenBy(count => count.Split ?? (Split)int.MaxValue)
                .Select(count => new AttributeCount(
                    count.Value.Attribute,
                    count.Value.Value,
                    count.Split,
                    count.Samples
                )),
        ];
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
