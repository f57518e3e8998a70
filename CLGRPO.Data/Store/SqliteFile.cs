using CLGRPO.Data.Files;
using Microsoft.Data.Sqlite;

namespace CLGRPO.Data.Store;

/// <summary>The file of a SQLite store: its rights, its health, its copies.</summary>
internal sealed class SqliteFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Writers of other processes can hold the lock for a whole batch of an import, one after the other.
    private const int CommandTimeoutSeconds = 60;
    private static readonly TimeSpan OpeningTimeout = TimeSpan.FromMinutes(2);

    private readonly string _path;

    public SqliteFile(string path)
    {
        _path = Path.GetFullPath(path);
        ConnectionString = ConnectionTo(_path);
    }

    public string ConnectionString { get; }

    /// <summary>One process at a time creates, checks and migrates. The system frees the lock of a process that died.</summary>
    public FileStream LockForOpening()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var options = OwnedFile(FileMode.OpenOrCreate);
        var until = DateTime.UtcNow + OpeningTimeout;
        while (true)
        {
            try
            {
                return new FileStream(_path + ".lock", options);
            }
            catch (IOException) when (DateTime.UtcNow < until)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Creates the file, readable for its owner only, or checks the one that is there. SQLite gives its side files the same rights.</summary>
    public void CreateOrCheck()
    {
        if (!File.Exists(_path))
        {
            CreateEmpty(_path);
        }
        else if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_path, OwnerOnly);
        }
        try
        {
            using var connection = new SqliteConnection(ConnectionString);
            connection.Open();
            Check(connection);
            SqliteSettings.UseWal(connection);
            FreeMigrationLock(connection);
        }
        catch (SqliteException exception)
        {
            throw Damaged(_path, exception.Message, exception);
        }
    }

    /// <summary>A consistent copy at <paramref name="path"/>, which appears whole or not at all.</summary>
    public void Backup(string path)
    {
        var target = Path.GetFullPath(path);
        if (File.Exists(target))
            throw new IOException($"'{target}' exists already; a backup replaces nothing.");
        var temporary = AtomicFile.TemporaryName(target);
        CreateEmpty(temporary); // with narrow rights; VACUUM INTO fills an empty file
        try
        {
            using (var connection = new SqliteConnection(ConnectionString))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "VACUUM INTO $path";
                command.Parameters.AddWithValue("$path", temporary);
                command.CommandTimeout = 0;
                command.ExecuteNonQuery();
            }
            using (var copy = new SqliteConnection(ConnectionTo(temporary) + ";Pooling=False"))
            {
                copy.Open();
                Check(copy);
            }
            using (var stream = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
                stream.Flush(flushToDisk: true);
            File.Move(temporary, target);
        }
        finally
        {
            File.Delete(temporary);
        }
        DiskSync.Folder(Path.GetDirectoryName(target)!);
    }

    public void Dispose()
    {
        using var connection = new SqliteConnection(ConnectionString);
        SqliteConnection.ClearPool(connection);
    }

    private static string ConnectionTo(string path) =>
        new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            ForeignKeys = true,
            DefaultTimeout = CommandTimeoutSeconds,
        }.ToString();

    private static void CreateEmpty(string path) => new FileStream(path, OwnedFile(FileMode.CreateNew)).Dispose();

    private static FileStreamOptions OwnedFile(FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return options;
    }

    private static void Check(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(5)";
        command.CommandTimeout = 0;
        using var reader = command.ExecuteReader();
        var findings = new List<string>();
        while (reader.Read())
            findings.Add(reader.GetString(0));
        if (findings is not ["ok"])
            throw Damaged(connection.DataSource, string.Join("; ", findings), inner: null);
    }

    /// <summary>EF Core's own lock is a row, which stays for ever when its process dies in a migration; the file lock is what counts.</summary>
    private static void FreeMigrationLock(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "DROP TABLE IF EXISTS \"__EFMigrationsLock\"";
        command.ExecuteNonQuery();
    }

    private static StoreException Damaged(string path, string finding, Exception? inner) =>
        new(
            $"The database '{path}' is damaged or is no SQLite database ({finding}). Nothing was changed. Stop every program that uses it, "
                + "keep the file with its -wal and -shm files aside, put the latest backup in its place, and start again. "
                + "Without a backup, sqlite3's command .recover saves what can be read.",
            inner
        );
}
