using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace CLGRPO.Data.Store;

/// <summary>Rows by COPY.</summary>
internal sealed class PostgresSampleRows(NpgsqlConnection connection, long datasetId) : ISampleRows
{
    public async Task Begin(DbTransaction transaction, CancellationToken stop)
    {
        // Whoever adds rows that refer to the data set does not wait; only another batch does.
        await using var command = Command("""SELECT 1 FROM "Datasets" WHERE "Id" = $1 FOR NO KEY UPDATE""", datasetId);
        await command.ExecuteNonQueryAsync(stop);
    }

    public async Task<IReadOnlyList<KnownSample>> Find(string[] keysFolded, string[] images, CancellationToken stop)
    {
        await using var command = Command(
            """
            SELECT "Id", "Key", "KeyFolded", "Image" FROM "Samples" WHERE "DatasetId" = $1 AND "KeyFolded" = ANY($2)
            UNION
            SELECT "Id", "Key", "KeyFolded", "Image" FROM "Samples" WHERE "DatasetId" = $1 AND "Image" = ANY($3)
            """,
            datasetId,
            keysFolded,
            images
        );
        var found = new List<KnownSample>();
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
            found.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return found;
    }

    public async Task<IReadOnlyList<long>> ReserveIds(int count, CancellationToken stop)
    {
        await using var command = Command(
            """SELECT nextval(pg_get_serial_sequence('"Samples"', 'Id')) FROM generate_series(1, $1)""",
            count
        );
        var ids = new List<long>(count);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
            ids.Add(reader.GetInt64(0));
        return ids;
    }

    public async Task Insert(
        IReadOnlyList<SampleRow> samples,
        IReadOnlyList<SampleValueRow> values,
        CancellationToken stop
    )
    {
        await using (
            var copy = await connection.BeginBinaryImportAsync(
                """COPY "Samples" ("Id", "DatasetId", "Key", "KeyFolded", "Image", "Width", "Height", "Label", "Split", "Group", "ImportId") FROM STDIN (FORMAT BINARY)""",
                stop
            )
        )
        {
            foreach (var row in samples)
                await Write(copy, row, stop);
            await copy.CompleteAsync(stop);
        }
        await using var pairs = await connection.BeginBinaryImportAsync(
            """COPY "SampleValues" ("SampleId", "ValueId") FROM STDIN (FORMAT BINARY)""",
            stop
        );
        foreach (var (sampleId, valueId) in values)
        {
            await pairs.StartRowAsync(stop);
            await pairs.WriteAsync(sampleId, NpgsqlDbType.Bigint, stop);
            await pairs.WriteAsync(valueId, NpgsqlDbType.Bigint, stop);
        }
        await pairs.CompleteAsync(stop);
    }

    public void Dispose() { }

    private async Task Write(NpgsqlBinaryImporter copy, SampleRow row, CancellationToken stop)
    {
        var sample = row.Sample;
        await copy.StartRowAsync(stop);
        await copy.WriteAsync(row.Id, NpgsqlDbType.Bigint, stop);
        await copy.WriteAsync(datasetId, NpgsqlDbType.Bigint, stop);
        await WriteText(copy, sample.Key, stop);
        await WriteText(copy, row.KeyFolded, stop);
        await WriteText(copy, sample.Image, stop);
        await copy.WriteAsync(sample.Width, NpgsqlDbType.Integer, stop);
        await copy.WriteAsync(sample.Height, NpgsqlDbType.Integer, stop);
        await WriteText(copy, sample.Label, stop);
        await WriteText(copy, sample.Split?.ToString(), stop);
        await WriteText(copy, sample.Group is null ? null : StoreText.Clean(sample.Group), stop);
        if (row.ImportId is { } importId)
            await copy.WriteAsync(importId, NpgsqlDbType.Bigint, stop);
        else
            await copy.WriteNullAsync(stop);
    }

    private static Task WriteText(NpgsqlBinaryImporter copy, string? text, CancellationToken stop) =>
        text is null ? copy.WriteNullAsync(stop) : copy.WriteAsync(text, NpgsqlDbType.Text, stop);

    private NpgsqlCommand Command(string text, params object[] values)
    {
        var command = new NpgsqlCommand(text, connection);
        foreach (var value in values)
            command.Parameters.AddWithValue(value);
        return command;
    }
}
