using System.Data.Common;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace CLGRPO.Data.Store;

/// <summary>Prepared statements, kept for the writer's life.</summary>
internal sealed class SqliteSampleRows : ISampleRows
{
    // The indexes of a large data set stay in memory while their leaves are filled in random order.
    private const int CacheKibibytes = 64 << 10;

    private readonly SqliteConnection _connection;
    private readonly long _datasetId;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _lastId;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _insertValue;

    public SqliteSampleRows(SqliteConnection connection, long datasetId)
    {
        (_connection, _datasetId) = (connection, datasetId);
        using (var cache = Command($"PRAGMA cache_size=-{CacheKibibytes}"))
            cache.ExecuteNonQuery();
        _find = Command(
            """
            SELECT "Id", "Key", "KeyFolded", "Image" FROM "Samples"
            WHERE "DatasetId" = $dataset AND "KeyFolded" IN (SELECT value FROM json_each($keys))
            UNION
            SELECT "Id", "Key", "KeyFolded", "Image" FROM "Samples"
            WHERE "DatasetId" = $dataset AND "Image" IN (SELECT value FROM json_each($images))
            """,
            "$dataset",
            "$keys",
            "$images"
        );
        _lastId = Command("""SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'Samples'""");
        _insert = Command(
            """
            INSERT INTO "Samples" ("Id", "DatasetId", "Key", "KeyFolded", "Image", "Width", "Height", "Label", "Split", "Group", "ImportId")
            VALUES ($id, $dataset, $key, $folded, $image, $width, $height, $label, $split, $group, $import)
            """,
            "$id",
            "$dataset",
            "$key",
            "$folded",
            "$image",
            "$width",
            "$height",
            "$label",
            "$split",
            "$group",
            "$import"
        );
        // One row a time: a command looks its parameters up by name, so one with many rows takes twice as long.
        _insertValue = Command(
            """INSERT INTO "SampleValues" ("SampleId", "ValueId") VALUES ($sample, $value)""",
            "$sample",
            "$value"
        );
    }

    private SqliteCommand[] Commands => [_find, _lastId, _insert, _insertValue];

    /// <summary>A transaction of SQLite begins with the one writer's lock.</summary>
    public Task Begin(DbTransaction transaction, CancellationToken stop)
    {
        foreach (var command in Commands)
            command.Transaction = (SqliteTransaction)transaction;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<KnownSample>> Find(string[] keysFolded, string[] images, CancellationToken stop)
    {
        _find.Parameters[0].Value = _datasetId;
        _find.Parameters[1].Value = JsonSerializer.Serialize(keysFolded);
        _find.Parameters[2].Value = JsonSerializer.Serialize(images);
        var found = new List<KnownSample>();
        using var reader = _find.ExecuteReader();
        while (reader.Read())
            found.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return Task.FromResult<IReadOnlyList<KnownSample>>(found);
    }

    public Task<IReadOnlyList<long>> ReserveIds(int count, CancellationToken stop)
    {
        var last = (long)_lastId.ExecuteScalar()!; // nobody else writes until the transaction ends
        return Task.FromResult<IReadOnlyList<long>>([.. Enumerable.Range(1, count).Select(i => last + i)]);
    }

    public Task Insert(IReadOnlyList<SampleRow> samples, IReadOnlyList<SampleValueRow> values, CancellationToken stop)
    {
        foreach (var row in samples)
            Insert(row);
        foreach (var (sampleId, valueId) in values)
        {
            _insertValue.Parameters[0].Value = sampleId;
            _insertValue.Parameters[1].Value = valueId;
            _insertValue.ExecuteNonQuery();
        }
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        foreach (var command in Commands)
            command.Dispose();
    }

    private void Insert(SampleRow row)
    {
        var (id, folded, sample, importId) = row;
        object?[] values =
        [
            id,
            _datasetId,
            sample.Key,
            folded,
            sample.Image,
            sample.Width,
            sample.Height,
            sample.Label,
            sample.Split?.ToString(),
            sample.Group is null ? null : StoreText.Clean(sample.Group),
            importId,
        ];
        for (var i = 0; i < values.Length; i++)
            _insert.Parameters[i].Value = values[i] ?? DBNull.Value;
        _insert.ExecuteNonQuery();
    }

    private SqliteCommand Command(string text, params string[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }
}
