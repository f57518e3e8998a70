using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

public enum Database
{
    Sqlite,
    Postgres,
}

/// <summary>Runs a theory on both databases.</summary>
public sealed class BothDatabases : TheoryData<Database>
{
    public BothDatabases()
        : base(Database.Sqlite, Database.Postgres) { }
}

/// <summary>A new store in a database of its own, with a folder for images and versions; gone after the test.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TestStore(Database database)
    {
        Options = new StoreOptions(
            database == Database.Sqlite ? _folder.In("clgrpo.db") : PostgresServer.CreateDatabase()
        );
        Factory = StoreFactory.Open(Options);
    }

    public StoreOptions Options { get; }
    public StoreFactory Factory { get; }

    /// <summary>The data sets' root.</summary>
    public string Root => _folder.In("datasets");

    public StoreContext Context() => Factory.CreateDbContext();

    public string In(string name) => _folder.In(name);

    public void Dispose()
    {
        Factory.Dispose();
        _folder.Dispose();
    }
}
