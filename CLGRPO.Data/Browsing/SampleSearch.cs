using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Browsing;

/// <summary>A sample as a grid shows it.</summary>
/// <param name="Key">The sample's own id.</param>
/// <param name="Image">SHA-256 of the picture's file.</param>
/// <param name="Split">Null until a split is made.</param>
/// <param name="Records">Chains of thought, whatever became of them.</param>
public sealed record SampleTile(
    long Id,
    string Key,
    string Image,
    int Width,
    int Height,
    string Label,
    Split? Split,
    SampleStanding Standing,
    int Records
);

/// <summary>Finds samples by filter. All conditions are parameters of queries; no text becomes SQL.</summary>
public sealed class SampleSearch(StoreFactory store)
{
    private const int HashDigits = 64;

    /// <summary>All fitting samples' ids in order: a view that a page scrolls through.</summary>
    public async Task<IReadOnlyList<long>> Ids(
        long datasetId,
        SampleFilter filter,
        SampleOrder order,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var samples = await View(context, datasetId, filter, order, stop);
        return await samples.Select(sample => sample.Id).ToListAsync(stop);
    }

    /// <summary>Fitting samples in order.</summary>
    internal static async Task<IQueryable<StoredSample>> View(
        StoreContext context,
        long datasetId,
        SampleFilter filter,
        SampleOrder order,
        CancellationToken stop
    )
    {
        var samples = await Fitting(context, datasetId, filter, stop);
        return order switch
        {
            SampleOrder.Newest => samples.OrderByDescending(sample => sample.Id),
            SampleOrder.Changed => samples
                .OrderByDescending(sample => sample.Records.Max(record => (long?)record.Id) ?? 0)
                .ThenByDescending(sample => sample.Id),
            _ => samples.OrderBy(sample => sample.Id),
        };
    }

    /// <summary>How many samples fit.</summary>
    public async Task<int> Count(long datasetId, SampleFilter filter, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await (await Fitting(context, datasetId, filter, stop)).CountAsync(stop);
    }

    /// <summary>As <see cref="Page"/>, and how many samples fit in all.</summary>
    public async Task<(IReadOnlyList<SampleTile> Tiles, int Total)> PageAndTotal(
        long datasetId,
        SampleFilter filter,
        long after,
        bool newestFirst,
        int limit,
        CancellationToken stop
    )
    {
        if (string.IsNullOrWhiteSpace(filter.Text))
            return (
                await Page(datasetId, filter, after, newestFirst, limit, stop),
                await Count(datasetId, filter, stop)
            );
        // Texts are read once for both.
        var all = await Ids(datasetId, filter, newestFirst ? SampleOrder.Newest : SampleOrder.Imported, stop);
        var following = all.Where(id => after == 0 || (newestFirst ? id < after : id > after)).Take(limit).ToList();
        return (await Tiles(datasetId, following, stop), all.Count);
    }

    /// <summary>Fitting samples after one of them, in the order of import.</summary>
    /// <param name="after">Id of the last one that is known; 0 to begin.</param>
    /// <param name="newestFirst">The other way round; <paramref name="after"/> is then the smallest known id.</param>
    public async Task<IReadOnlyList<SampleTile>> Page(
        long datasetId,
        SampleFilter filter,
        long after,
        bool newestFirst,
        int limit,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var samples = await Fitting(context, datasetId, filter, stop);
        if (newestFirst)
        {
            samples = after > 0 ? samples.Where(sample => sample.Id < after) : samples;
            samples = samples.OrderByDescending(sample => sample.Id);
        }
        else
        {
            samples = samples.Where(sample => sample.Id > after).OrderBy(sample => sample.Id);
        }
        // Ids alone come from an index: no row is read that the page does not show.
        var ids = await samples.Select(sample => sample.Id).Take(limit).ToListAsync(stop);
        return await Tiles(context, datasetId, ids, stop);
    }

    /// <summary>The tiles of some ids, in their order; ids that are gone or of another data set are left out.</summary>
    public async Task<IReadOnlyList<SampleTile>> Tiles(long datasetId, IReadOnlyList<long> ids, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await Tiles(context, datasetId, ids, stop);
    }

    private static async Task<IReadOnlyList<SampleTile>> Tiles(
        StoreContext context,
        long datasetId,
        IReadOnlyList<long> ids,
        CancellationToken stop
    )
    {
        var eligible = await Standings.Eligible(context, datasetId, stop);
        // Found by their ids alone: asked for the data set too, SQLite would walk through all of it.
        var rows = await context
            .Samples.Where(sample => ids.Contains(sample.Id))
            .AsNoTracking()
            .Select(sample => new
            {
                sample.Id,
                sample.DatasetId,
                sample.Key,
                sample.Image,
                sample.Width,
                sample.Height,
                sample.Label,
                sample.Split,
                Rank = eligible
                    .Where(record => record.SampleId == sample.Id)
                    .Min(record =>
                        (int?)(
                            record.Review == ReviewState.Edited ? 0
                            : record.Review == ReviewState.Accepted ? 1
                            : record.Review == ReviewState.Pending ? 2
                            : record.Review == ReviewState.Flagged ? 3
                            : 4
                        )
                    ),
                Records = sample.Records.Count,
            })
            .ToDictionaryAsync(row => row.Id, stop);
        return
        [
            .. ids.Where(rows.ContainsKey)
                .Select(id => rows[id])
                .Where(row => row.DatasetId == datasetId)
                .Select(row => new SampleTile(
                    row.Id,
                    row.Key,
                    row.Image,
                    row.Width,
                    row.Height,
                    row.Label,
                    row.Split,
                    Standings.ByRank[row.Rank ?? Standings.NoneRank],
                    row.Records
                )),
        ];
    }

    private static async Task<IQueryable<StoredSample>> Fitting(
        StoreContext context,
        long datasetId,
        SampleFilter filter,
        CancellationToken stop
    )
    {
        var samples = context.Samples.Where(sample => sample.DatasetId == datasetId);
        if (filter.Labels.Count > 0)
            samples = samples.Where(sample => filter.Labels.Contains(sample.Label));
        if (filter.Splits.Count > 0)
        {
            var given = filter.Splits.OfType<Split>().ToList();
            samples = filter.Splits.Contains(null)
                ? samples.Where(sample => sample.Split == null || given.Contains(sample.Split.Value))
                : samples.Where(sample => sample.Split != null && given.Contains(sample.Split.Value));
        }
        foreach (var values in await ValueIds(context, datasetId, filter, stop))
        {
            // From the values to the samples: the other way round, every sample of the data set would be asked.
            samples = samples.Where(sample =>
                context.SampleValues.Where(v => values.Contains(v.ValueId)).Select(v => v.SampleId).Contains(sample.Id)
            );
        }
        var eligible = await Standings.Eligible(context, datasetId, stop);
        if (filter.Teachers.Count > 0)
            samples = samples.Where(sample =>
                eligible.Any(record => record.SampleId == sample.Id && filter.Teachers.Contains(record.Teacher))
            );
        if (filter.Standings.Count > 0)
            samples = Standing(samples, eligible, filter.Standings);
        return string.IsNullOrWhiteSpace(filter.Text) ? samples : Mentioning(context, samples, filter.Text.Trim());
    }

    private static IQueryable<StoredSample> Standing(
        IQueryable<StoredSample> samples,
        IQueryable<CotRecord> eligible,
        IReadOnlyList<SampleStanding> wanted
    )
    {
        var ranks = wanted.Select(standing => Array.IndexOf(Standings.ByRank, standing)).ToList();
        return samples.Where(sample =>
            ranks.Contains(
                eligible
                    .Where(record => record.SampleId == sample.Id)
                    .Min(record =>
                        (int?)(
                            record.Review == ReviewState.Edited ? 0
                            : record.Review == ReviewState.Accepted ? 1
                            : record.Review == ReviewState.Pending ? 2
                            : record.Review == ReviewState.Flagged ? 3
                            : 4
                        )
                    )
                    ?? Standings.NoneRank
            )
        );
    }

    private static IQueryable<StoredSample> Mentioning(
        StoreContext context,
        IQueryable<StoredSample> samples,
        string text
    )
    {
        var key = SampleKeys.Fold(text);
        var lower = text.ToLowerInvariant();
        // All texts once, in the order in which they lie: looked up sample by sample, they would take twice as long.
        var saying = context
            .Records.Where(record => record.Completion.ToLower().Contains(lower))
            .Select(record => record.SampleId);
        return text.Length <= HashDigits && text.All(char.IsAsciiHexDigit)
            ? samples.Where(sample =>
                sample.KeyFolded.Contains(key) || sample.Image.StartsWith(lower) || saying.Contains(sample.Id)
            )
            : samples.Where(sample => sample.KeyFolded.Contains(key) || saying.Contains(sample.Id));
    }

    /// <summary>For each attribute of the filter: ids of the values that fit.</summary>
    private static async Task<IReadOnlyList<List<long>>> ValueIds(
        StoreContext context,
        long datasetId,
        SampleFilter filter,
        CancellationToken stop
    )
    {
        if (filter.Attributes.Count + filter.Ranges.Count == 0)
            return [];
        var known = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        var chosen = filter.Attributes.Select(choice =>
            known.Where(v => v.Attribute == choice.Attribute && choice.Values.Contains(v.Value ?? "")).Select(v => v.Id)
        );
        var ranges = filter.Ranges.Select(range =>
            known.Where(v => v.Attribute == range.Attribute && IsWithin(v.Value, range)).Select(v => v.Id)
        );
        return [.. chosen.Concat(ranges).Select(ids => ids.ToList())];
    }

    private static bool IsWithin(string? value, AttributeRange range) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number >= range.Low
        && number <= range.High;
}
