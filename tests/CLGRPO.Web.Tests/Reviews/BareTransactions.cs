using Microsoft.Data.Sqlite;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>What a commit costs on this disk: a row in a transaction of its own, in a file of its own with the store's settings.</summary>
internal sealed class BareTransactions : IDisposable
{
    private readonly SqliteConnection _connection;

    public BareTransactions(string path)
    {
        _connection = new SqliteConnection($"Data Source={path}");
        _connection.Open();
        Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    }

    /// <returns>Rows that were written: one.</returns>
    public int Write() => Run("BEGIN IMMEDIATE; INSERT INTO t (text) VALUES ('a verdict'); COMMIT");

    public void Dispose() => _connection.Dispose();

    private int Run(string text)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteNonQuery();
    }
}
