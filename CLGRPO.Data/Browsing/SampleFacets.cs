using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Browsing;

/// <summary>A class and its samples.</summary>
/// <param name="WithRecord">Samples that have an accepted chain of thought.</param>
public sealed record LabelFacet(string Label, int Samples, int WithRecord);

/// <param name="Split">Null for samples without one.</param>
public sealed record SplitFacet(Split? Split, int Samples);

public sealed record StandingFacet(SampleStanding Standing, int Samples);

public sealed record TeacherFacet(string Teacher, int Samples);

/// <param name="Value">Null for "known, and none of them".</param>
public sealed record ValueFacet(string? Value, int Samples);

/// <param name="Values">In the vocabulary's order; by size where all are numbers.</param>
/// <param name="IsNumeric">All values are numbers: a range of them can be asked for.</param>
public sealed record AttributeFacet(string Attribute, IReadOnlyList<ValueFacet> Values, bool IsNumeric);

/// <summary>What a data set can be filtered by, and how many samples each choice has; whatever else is chosen.</summary>
public sealed record SampleFacets(
    int Samples,
    IReadOnlyList<LabelFacet> Labels,
    IReadOnlyList<SplitFacet> Splits,
    IReadOnlyList<StandingFacet> Standings,
    IReadOnlyList<TeacherFacet> Teachers,
    IReadOnlyList<AttributeFacet> Attributes
)
{
    /// <summary>Samples that have an accepted chain of thought.</summary>
    public int WithRecord => Labels.Sum(label => label.WithRecord);

    /// <summary>Counts in the database, over indexes alone.</summary>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public static async Task<SampleFacets> Of(StoreFactory store, long datasetId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var dataset =
            await context.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == datasetId, stop)
            ?? throw new KeyNotFoundException($"There is no data set {datasetId}.");
        var classes = await context
            .Samples.Where(sample => sample.DatasetId == datasetId)
            .GroupBy(sample => new { sample.Split, sample.Label })
            .Select(group => new
            {
                group.Key.Split,
                group.Key.Label,
                Samples = group.Count(),
            })
            .ToListAsync(stop);
        var standings = await CountStandings(context, datasetId, stop);
        var total = classes.Sum(count => count.Samples);
        return new SampleFacets(
            total,
            [
                .. dataset.Labels.Select(label => new LabelFacet(
                    label,
                    classes.Where(count => count.Label == label).Sum(count => count.Samples),
                    standings.Where(count => count.Label == label).Sum(count => count.Samples)
                )),
            ],
            [
                .. classes
                    .GroupBy(count => count.Split)
                    .OrderBy(split => split.Key ?? (Split)int.MaxValue)
                    .Select(split => new SplitFacet(split.Key, split.Sum(count => count.Samples))),
            ],
            [
                .. Enum.GetValues<SampleStanding>()
                    .Where(standing => standing != SampleStanding.None)
                    .Append(SampleStanding.None)
                    .Select(standing => new StandingFacet(
                        standing,
                        standing == SampleStanding.None
                            ? total - standings.Sum(count => count.Samples)
                            : standings.Where(count => count.Standing == standing).Sum(count => count.Samples)
                    )),
            ],
            await CountTeachers(context, datasetId, stop),
            await CountValues(context, datasetId, stop)
        );
    }

    private static async Task<List<(SampleStanding Standing, string Label, int Samples)>> CountStandings(
        StoreContext context,
        long datasetId,
        CancellationToken stop
    )
    {
        var eligible = await Browsing.Standings.Eligible(context, datasetId, stop);
        var ranks = await eligible
            .GroupBy(record => record.SampleId)
            .Select(sample => new
            {
                SampleId = sample.Key,
                Rank = sample.Min(record =>
                    record.Review == ReviewState.Edited ? 0
                    : record.Review == ReviewState.Accepted ? 1
                    : record.Review == ReviewState.Pending ? 2
                    : record.Review == ReviewState.Flagged ? 3
                    : 4
                ),
            })
            .Join(
                context.Samples.Where(sample => sample.DatasetId == datasetId),
                row => row.SampleId,
                sample => sample.Id,
                (row, sample) => new { row.Rank, sample.Label }
            )
            .GroupBy(row => new { row.Rank, row.Label })
            .Select(group => new
            {
                group.Key.Rank,
                group.Key.Label,
                Samples = group.Count(),
            })
            .ToListAsync(stop);
        return [.. ranks.Select(row => (Browsing.Standings.ByRank[row.Rank], row.Label, row.Samples))];
    }

    private static async Task<IReadOnlyList<TeacherFacet>> CountTeachers(
        StoreContext context,
        long datasetId,
        CancellationToken stop
    )
    {
        var eligible = await Browsing.Standings.Eligible(context, datasetId, stop);
        var counts = await eligible
            .Where(record => record.Sample!.DatasetId == datasetId)
            .GroupBy(record => record.Teacher)
            .Select(group => new
            {
                Teacher = group.Key,
                Samples = group.Select(record => record.SampleId).Distinct().Count(),
            })
            .ToListAsync(stop);
        return
        [
            .. counts
                .OrderByDescending(count => count.Samples)
                .ThenBy(count => count.Teacher, StringComparer.Ordinal)
                .Select(count => new TeacherFacet(count.Teacher, count.Samples)),
        ];
    }

    private static async Task<IReadOnlyList<AttributeFacet>> CountValues(
        StoreContext context,
        long datasetId,
        CancellationToken stop
    )
    {
        var values = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        var ids = context.AttributeValues.Where(value => value.DatasetId == datasetId).Select(value => value.Id);
        // Grouped by the index on values: the database counts neighbours.
        var counts = await context
            .SampleValues.Where(value => ids.Contains(value.ValueId))
            .GroupBy(value => value.ValueId)
            .Select(group => new { group.Key, Samples = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Samples, stop);
        return
        [
            .. values
                .GroupBy(value => (value.AttributeOrder, value.Attribute))
                .OrderBy(attribute => attribute.Key.AttributeOrder)
                .Select(attribute => Facet(attribute.Key.Attribute, attribute, counts)),
        ];
    }

    private static AttributeFacet Facet(
        string attribute,
        IEnumerable<AttributeValue> values,
        Dictionary<long, int> counts
    )
    {
        var used = values
            .OrderBy(value => value.ValueOrder)
            .Select(value => new ValueFacet(value.Value, counts.GetValueOrDefault(value.Id)))
            .Where(value => value.Value is not null || value.Samples > 0)
            .ToList();
        var named = used.Where(value => value.Value is not null).ToList();
        var isNumeric = named.Count > 1 && named.All(value => Number(value.Value) is not null);
        return new(
            attribute,
            isNumeric ? [.. used.OrderBy(value => Number(value.Value) ?? double.NegativeInfinity)] : used,
            isNumeric
        );
    }

    private static double? Number(string? value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
