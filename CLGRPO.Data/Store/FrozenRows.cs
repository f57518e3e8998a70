using CLGRPO.Data.Datasets;

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
)
{
    /// <summary>What decides about the row's content.</summary>
    public SampleChoice Choice => new(SampleId, Key, Image, Label, RecordId, ReviewId);
}

/// <summary>Writes the folder of a version from its rows, in the order of splits and keys.</summary>
internal sealed class FrozenRows(ChosenSamples samples, string root)
{
    private const int RowsAtOnce = 1_000;

    public async Task<DatasetVersion> Write(DatasetInfo info, IReadOnlyList<FrozenRow> rows, CancellationToken stop)
    {
        using var writer = new DatasetVersionWriter(root, info);
        foreach (
            var some in rows.OrderBy(row => row.Split).ThenBy(row => row.Key, StringComparer.Ordinal).Chunk(RowsAtOnce)
        )
        {
            var content = await samples.Read(Array.ConvertAll(some, row => row.Choice), stop);
            foreach (var (row, sample) in some.Zip(content))
            {
                writer.UseImage(row.Image);
                writer.Add(row.Split, sample);
            }
        }
        return writer.Commit();
    }
}
