using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>What a version's row is made of; all that may still change in the store is in it.</summary>
internal sealed record FrozenRow(
    long SampleId,
    string Key,
    string Image,
    Split Split,
    string Label,
    long? RecordId,
    long? ReviewId
);

/// <summary>Writes the folder of a version from its rows, in the order of splits and keys.</summary>
internal sealed class FrozenRows(StoreContext context, string root)
{
    private const int RowsAtOnce = 1_000;

    public async Task<DatasetVersion> Write(DatasetInfo info, IReadOnlyList<FrozenRow> rows, CancellationToken stop)
    {
        using var writer = new DatasetVersionWriter(root, info);
        foreach (
            var some in rows.OrderBy(row => row.Split).ThenBy(row => row.Key, StringComparer.Ordinal).Chunk(RowsAtOnce)
        )
        {
            var attributes = await Attributes(some, stop);
            var completions = await Completions(some, stop);
            foreach (var row in some)
            {
                writer.UseImage(row.Image);
                var (completion, teacher) = completions.GetValueOrDefault(row.SampleId);
                writer.Add(
                    row.Split,
                    new Sample(row.Key, row.Image, row.Label, attributes[row.SampleId], completion, teacher)
                );
            }
        }
        return writer.Commit();
    }

    private async Task<Dictionary<long, Dictionary<string, IReadOnlyList<string>>>> Attributes(
        FrozenRow[] rows,
        CancellationToken stop
    )
    {
        var ids = Array.ConvertAll(rows, row => row.SampleId);
        var values = await context
            .SampleValues.Where(value => ids.Contains(value.SampleId))
            .Select(value => new
            {
                value.SampleId,
                value.Value!.Attribute,
                value.Value.Value,
                value.Value.ValueOrder,
            })
            .ToListAsync(stop);
        var bySample = values.ToLookup(value => value.SampleId);
        return ids.ToDictionary(
            id => id,
            id =>
                bySample[id]
                    .GroupBy(value => value.Attribute, StringComparer.Ordinal)
                    .ToDictionary(
                        attribute => attribute.Key,
                        attribute =>
                            (IReadOnlyList<string>)
                                [.. attribute.OrderBy(v => v.ValueOrder).Select(v => v.Value).OfType<string>()],
                        StringComparer.Ordinal
                    )
        );
    }

    private async Task<Dictionary<long, (string Completion, string Teacher)>> Completions(
        FrozenRow[] rows,
        CancellationToken stop
    )
    {
        var recordIds = rows.Select(row => row.RecordId).OfType<long>().ToArray();
        var records = await context
            .Records.Where(record => recordIds.Contains(record.Id))
            .Select(record => new
            {
                record.Id,
                record.Completion,
                record.Teacher,
            })
            .ToDictionaryAsync(record => record.Id, stop);
        var reviewIds = rows.Select(row => row.ReviewId).OfType<long>().ToArray();
        var edits = await context
            .Reviews.Where(review => reviewIds.Contains(review.Id))
            .ToDictionaryAsync(review => review.Id, review => review.EditedCompletion, stop);
        return rows.Where(row => row.RecordId is not null)
            .ToDictionary(
                row => row.SampleId,
                row =>
                {
                    var record = records[row.RecordId!.Value];
                    return row.ReviewId is { } review && edits[review] is { } edited
                        ? (edited, record.Teacher + VersionFreezer.EditedMark)
                        : (record.Completion, record.Teacher);
                }
            );
    }
}
