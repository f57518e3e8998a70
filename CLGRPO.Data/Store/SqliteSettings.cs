using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace CLGRPO.Data.Store;

/// <summary>
/// Sets and reads back, on every connection, what the store relies on: WAL, synchronous FULL (a commit survives a power loss), foreign keys,
/// and a wait of ten seconds for a lock that another connection holds.
/// </summary>
internal sealed class SqliteSettings : DbConnectionInterceptor
{
    public const int BusyTimeoutMilliseconds = 10_000;

    // The WAL file shrinks to this many bytes after a checkpoint, so that one large import leaves no large file behind.
    private const int MaxIdleWalBytes = 64 << 20;

    private const int SynchronousFull = 2;

    private static readonly string Set = string.Create(
        CultureInfo.InvariantCulture,
        $"PRAGMA busy_timeout={BusyTimeoutMilliseconds}; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit={MaxIdleWalBytes};"
    );

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) =>
        Apply((SqliteConnection)connection);

    public override Task ConnectionOpenedAsync(
        DbConnection connection,
        ConnectionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        Apply((SqliteConnection)connection); // SQLite has no asynchronous calls
        return Task.CompletedTask;
    }

    /// <summary>WAL is a property of the file: it is set once, before the first context.</summary>
    public static void UseWal(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Set + "PRAGMA journal_mode=WAL;";
        command.ExecuteNonQuery();
        Check(connection);
    }

    private static void Apply(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Set;
        command.ExecuteNonQuery();
        Check(connection);
    }

    private static void Check(SqliteConnection connection)
    {
        Expect(connection, "journal_mode", "wal");
        Expect(connection, "synchronous", SynchronousFull.ToString(CultureInfo.InvariantCulture));
        Expect(connection, "foreign_keys", "1");
        Expect(connection, "busy_timeout", BusyTimeoutMilliseconds.ToString(CultureInfo.InvariantCulture));
    }

    private static void Expect(SqliteConnection connection, string pragma, string expected)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA " + pragma;
        var actual = Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (!string.Equals(actual, expected, StringComparison.OrdinalIgnoreCase))
            throw new StoreException(
                $"SQLite keeps {pragma} = {actual} for '{connection.DataSource}', but {expected} is needed for commits to last. "
                    + "Put the file on a local disk (network folders cannot do WAL), or use PostgreSQL."
            );
    }
}
