using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace CLGRPO.Data.Store;

/// <summary>
/// The open store: hands out a context per operation. Opening creates the database where there is none, checks it, and brings its schema
/// up to date.
/// </summary>
public sealed class StoreFactory : IDbContextFactory<StoreContext>, IDisposable
{
    private readonly SqliteFile? _file;
    private readonly NpgsqlDataSource? _server;
    private readonly Func<StoreContext> _create;

    private StoreFactory(SqliteFile file)
    {
        _file = file;
        var options = new DbContextOptionsBuilder<SqliteStoreContext>();
        Configure(options);
        _create = () => new SqliteStoreContext(options.Options);
    }

    private StoreFactory(NpgsqlDataSource server)
    {
        _server = server;
        var options = new DbContextOptionsBuilder<PostgresStoreContext>();
        Configure(options);
        _create = () => new PostgresStoreContext(options.Options);
    }

    /// <summary>Whether the store is in PostgreSQL.</summary>
    public bool IsPostgres => _server is not null;

    /// <summary>Opens the store. Several processes may have it open, and open it at the same time.</summary>
    /// <exception cref="StoreException">The database is damaged, was made by a newer build, or lies where SQLite cannot keep it safe.</exception>
    public static StoreFactory Open(StoreOptions options)
    {
        if (options.IsPostgres)
        {
            var store = new StoreFactory(NpgsqlDataSource.Create(options.Connection));
            store.Migrate();
            return store;
        }
        var file = new SqliteFile(options.Connection);
        using (file.LockForOpening())
        {
            file.CreateOrCheck();
            var store = new StoreFactory(file);
            store.Migrate();
            return store;
        }
    }

    /// <summary>A new context; the caller disposes it. One context serves one operation on one thread.</summary>
    public StoreContext CreateDbContext() => _create();

    /// <summary>
    /// Lets another context work in the same database, with the same guarantees. Its migrations are in a table of their own, so that neither
    /// context takes the other's for unknown ones.
    /// </summary>
    /// <param name="migrationsTable">Null for the store's own.</param>
    public void Configure(DbContextOptionsBuilder options, string? migrationsTable = null)
    {
        if (_server is null)
        {
            options
                .UseSqlite(
                    _file!.ConnectionString,
                    sqlite => sqlite.MigrationsHistoryTable(migrationsTable ?? HistoryRepository.DefaultTableName)
                )
                .AddInterceptors(new SqliteSettings(), new SqliteSnapshots(), new StoreTextInterceptor());
        }
        else
        {
            options
                .UseNpgsql(
                    _server,
                    postgres => postgres.MigrationsHistoryTable(migrationsTable ?? HistoryRepository.DefaultTableName)
                )
                .AddInterceptors(new StoreTextInterceptor());
        }
    }

    /// <summary>
    /// Writes a consistent copy of a SQLite store while others go on writing, and checks it. The copy opens like the original.
    /// Copying the file itself is no backup: a part of the data may still be in its <c>-wal</c> file.
    /// </summary>
    /// <param name="path">The file to make; it must not exist.</param>
    /// <exception cref="IOException">The file exists.</exception>
    /// <exception cref="NotSupportedException">The store is in PostgreSQL, whose own <c>pg_dump</c> makes backups.</exception>
    public void Backup(string path)
    {
        if (_file is null)
            throw new NotSupportedException("The store is in PostgreSQL: make the backup with pg_dump.");
        _file.Backup(path);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _server?.Dispose();
    }

    private void Migrate()
    {
        using var context = CreateDbContext();
        var known = context.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
        var unknown = context.Database.GetAppliedMigrations().Where(migration => !known.Contains(migration)).ToList();
        if (unknown.Count > 0)
            throw new StoreException(
                $"The database was made by a newer build: it has the schema change {unknown[^1]}, which this build does not know. Use the newer build."
            );
        if (context.Database.GetPendingMigrations().Any())
            context.Database.Migrate();
    }
}
