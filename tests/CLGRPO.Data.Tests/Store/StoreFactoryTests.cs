using CLGRPO.Data.Store;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class StoreFactoryTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public void Migrations_MatchTheModel(Database database)
    {
        using var store = new TestStore(database);
        using var context = store.Context();

        Assert.False(
            context.Database.HasPendingModelChanges(),
            "The entities changed and no migration says so: run .ci/migration <Name>."
        );
        Assert.Empty(context.Database.GetPendingMigrations());
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public void Open_Again_KeepsWhatWasWritten(Database database)
    {
        using var store = new TestStore(database);
        var id = StoreRows.AddDataset(store);

        using var again = StoreFactory.Open(store.Options);
        using var context = again.CreateDbContext();

        var dataset = context.Datasets.Single();
        Assert.Equal(id, dataset.Id);
        Assert.Equal(StoreRows.Labels, dataset.Labels);
        Assert.Equal(StoreRows.Now, dataset.CreatedAt);
        Assert.Equal(DateTimeKind.Utc, dataset.CreatedAt.Kind);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public void Open_SchemaOfANewerBuild_IsRefused(Database database)
    {
        using var store = new TestStore(database);
        using (var context = store.Context())
            context.Database.ExecuteSql(
                $"INSERT INTO \"__EFMigrationsHistory\" VALUES ('29990101000000_Later', '99.0.0')"
            );

        var exception = Assert.Throws<StoreException>(() => StoreFactory.Open(store.Options));

        Assert.Contains("29990101000000_Later", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "REL-DB-1")]
    public async Task Connections_OfTheStore_HaveTheSettingsThatKeepDataSafe()
    {
        using var store = new TestStore(Database.Sqlite);
        // Several at once, so that pooled and new connections are both seen.
        var contexts = Enumerable.Range(0, 3).Select(_ => store.Context()).ToList();
        foreach (var context in contexts)
        {
            await context.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
            Assert.Equal("wal", Pragma(context, "journal_mode"));
            Assert.Equal(2L, Pragma(context, "synchronous"));
            Assert.Equal(1L, Pragma(context, "foreign_keys"));
            Assert.True((long)Pragma(context, "busy_timeout")! >= 5_000);
        }
        contexts.ForEach(context => context.Dispose());
    }

    [Fact]
    public void Files_OfASqliteStore_AreTheirOwnersAlone()
    {
        using var store = new TestStore(Database.Sqlite);
        using var context = store.Context();
        StoreRows.AddDataset(store);
        context.Database.OpenConnection(); // the side files live as long as a connection

        foreach (var path in Directory.GetFiles(store.In(""), "clgrpo.db*"))
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        Assert.True(File.Exists(store.Options.Connection + "-wal"));
    }

    [Fact]
    public void Open_FileThatOthersCouldRead_TakesTheirRights()
    {
        using var store = new TestStore(Database.Sqlite);
        File.SetUnixFileMode(store.Options.Connection, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        StoreFactory.Open(store.Options).Dispose();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(store.Options.Connection));
    }

    [Fact]
    [Trait("Id", "REL-DB-2")]
    public void Open_DamagedPage_StopsWithInstructions()
    {
        using var folder = new TemporaryFolder();
        var options = new StoreOptions(folder.In("clgrpo.db"));
        StoreFactory.Open(options).Dispose();
        using (var file = File.OpenWrite(options.Connection))
        {
            file.Position = 3 * 4096; // the header and the schema stay whole
            file.Write(Enumerable.Repeat((byte)0xA5, 8 * 4096).ToArray());
        }
        var damaged = File.ReadAllBytes(options.Connection);

        var exception = Assert.Throws<StoreException>(() => StoreFactory.Open(options));

        Assert.Contains("backup", exception.Message, StringComparison.Ordinal);
        Assert.Equal(damaged, File.ReadAllBytes(options.Connection));
    }

    [Fact]
    [Trait("Id", "REL-DB-2")]
    public void Open_NoDatabaseAtAll_StopsWithInstructions()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("clgrpo.db", "a letter to the editor, long enough to be mistaken for a header"u8);

        var exception = Assert.Throws<StoreException>(() => StoreFactory.Open(new StoreOptions(path)));

        Assert.Contains("no SQLite database", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "REL-DB-7")]
    public void Open_ProcessDiedInAMigration_IsFinishedByTheNext()
    {
        using var folder = new TemporaryFolder();
        var path = folder.In("clgrpo.db");
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            // What EF Core leaves behind when it is killed: its lock, and nothing of the migration's transaction.
            command.CommandText =
                "CREATE TABLE \"__EFMigrationsLock\" (\"Id\" INTEGER PRIMARY KEY, \"Timestamp\" TEXT NOT NULL); "
                + "INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2026-01-01 00:00:00');";
            command.ExecuteNonQuery();
        }

        using var factory = StoreFactory.Open(new StoreOptions(path));
        using var context = factory.CreateDbContext();

        Assert.Empty(context.Datasets);
    }

    [Fact]
    public async Task Open_ByManyAtOnce_MigratesOnce()
    {
        using var folder = new TemporaryFolder();
        var options = new StoreOptions(folder.In("deep", "clgrpo.db"));

        var factories = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => StoreFactory.Open(options)))
        );

        foreach (var factory in factories)
        {
            using var context = factory.CreateDbContext();
            Assert.Empty(context.Datasets);
        }
        Array.ForEach(factories, factory => factory.Dispose());
    }

    [Fact]
    [Trait("Id", "REL-DB-4")]
    public async Task Backup_WhileOthersWrite_OpensAndHoldsEveryCommitBeforeIt()
    {
        using var store = new TestStore(Database.Sqlite);
        using var stop = new CancellationTokenSource();
        var written = 0;
        var writer = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    StoreRows.AddDataset(store, $"set{written}");
                    Interlocked.Increment(ref written);
                }
            },
            TestContext.Current.CancellationToken
        );
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref written) >= 5, TimeSpan.FromSeconds(30)));

        var before = Volatile.Read(ref written);
        store.Factory.Backup(store.In("backup.db"));
        var after = Volatile.Read(ref written);
        await stop.CancelAsync();
        await writer;

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(store.In("backup.db")));
        using var restored = StoreFactory.Open(new StoreOptions(store.In("backup.db")));
        using var context = restored.CreateDbContext();
        Assert.InRange(context.Datasets.Count(), before, after + 1);
        Assert.Throws<IOException>(() => store.Factory.Backup(store.In("backup.db")));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public void Audit_IsAppendOnly(Database database)
    {
        using var store = new TestStore(database);
        using var context = store.Context();
        context.Audit.Add(
            new AuditEntry
            {
                Actor = "a",
                Action = "test",
                Subject = "test:1",
            }
        );
        context.SaveChanges();

        Assert.ThrowsAny<Exception>(() => context.Database.ExecuteSql($"UPDATE \"Audit\" SET \"Actor\" = 'b'"));
        Assert.ThrowsAny<Exception>(() => context.Database.ExecuteSql($"DELETE FROM \"Audit\""));

        using var fresh = store.Context();
        Assert.Equal("a", fresh.Audit.Single().Actor);
    }

    private static object? Pragma(StoreContext context, string name)
    {
        using var command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = "PRAGMA " + name;
        return command.ExecuteScalar();
    }
}
