using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace CLGRPO.Web.Accounts;

/// <summary>Hands out a context per operation, in the database of the store.</summary>
public sealed class AccountContextFactory(StoreFactory store) : IDbContextFactory<AccountContext>
{
    private readonly Func<AccountContext> _create = store.IsPostgres
        ? Creator<PostgresAccountContext>(store, options => new PostgresAccountContext(options))
        : Creator<SqliteAccountContext>(store, options => new SqliteAccountContext(options));

    public AccountContext CreateDbContext() => _create();

    private static Func<AccountContext> Creator<TContext>(
        StoreFactory store,
        Func<DbContextOptions<TContext>, AccountContext> create
    )
        where TContext : AccountContext
    {
        var options = new DbContextOptionsBuilder<TContext>();
        store.Configure(options, AccountContext.MigrationsTable);
        return () => create(options.Options);
    }
}

/// <summary>Used by dotnet-ef alone, to write migrations for SQLite; nothing is opened.</summary>
internal sealed class SqliteDesignTime : IDesignTimeDbContextFactory<SqliteAccountContext>
{
    public SqliteAccountContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteAccountContext>().UseSqlite().Options);
}

/// <summary>Used by dotnet-ef alone, to write migrations for PostgreSQL; nothing is opened.</summary>
internal sealed class PostgresDesignTime : IDesignTimeDbContextFactory<PostgresAccountContext>
{
    public PostgresAccountContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresAccountContext>().UseNpgsql().Options);
}
