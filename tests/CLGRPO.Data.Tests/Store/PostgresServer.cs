using System.Diagnostics;
using CLGRPO.Data.Tests.Store;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace CLGRPO.Data.Tests.Store;

/// <summary>
/// A PostgreSQL server of our own in a temporary folder, reached through a Unix socket there; started by the first test that asks for it.
/// The programs are found in <c>CLGRPO_POSTGRES_BIN</c>, or where Debian puts them.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private static readonly Lock Gate = new();
    private static PostgresServer? s_running;
    private static bool s_ended;

    private string? _folder;
    private int _databases;

    /// <summary>A connection string to a new, empty database.</summary>
    public static string CreateDatabase()
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(s_ended, typeof(PostgresServer));
            s_running ??= Start();
            return s_running.Create();
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            s_ended = true;
            if (s_running?._folder is not { } folder)
                return;
            NpgsqlConnection.ClearAllPools();
            Run("pg_ctl", "stop", "--mode=immediate", "--wait", "-D", Path.Combine(folder, "data"));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static PostgresServer Start()
    {
        // A short path: the name of a Unix socket has 107 bytes at most.
        var folder = Directory.CreateTempSubdirectory("clgrpo-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
            RunProgram("chown", "postgres", folder);
        var data = Path.Combine(folder, "data");
        Run(
            "initdb",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "-D",
            data
        );
        // fsync stays on: what the tests measure is what users get.
        var settings = $"-k {folder} -h '' -c max_connections=200";
        Run("pg_ctl", "start", "--wait", "-D", data, "-l", Path.Combine(folder, "log"), "-o", settings);
        return new PostgresServer { _folder = folder };
    }

    private string Create()
    {
        var name = $"test{_databases++}";
        using var connection = new NpgsqlConnection(ConnectionTo("postgres") + ";Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        command.ExecuteNonQuery();
        return ConnectionTo(name);
    }

    private string ConnectionTo(string database) => $"Host={_folder};Username=postgres;Database={database}";

    private static void Run(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs(), program);
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            RunProgram("runuser", ["-u", "postgres", "--", path, .. arguments]);
        else
            RunProgram(path, arguments);
    }

    private static void RunProgram(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = "/",
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {output}{errors.Result}"
            );
    }

    private static string Programs()
    {
        if (Environment.GetEnvironmentVariable("CLGRPO_POSTGRES_BIN") is { Length: > 0 } named)
            return named;
        const string Debian = "/usr/lib/postgresql";
        return (Directory.Exists(Debian) ? Directory.GetDirectories(Debian) : [])
                .Select(version => Path.Combine(version, "bin"))
                .Where(bin => File.Exists(Path.Combine(bin, "initdb")))
                .OrderByDescending(bin => bin, StringComparer.Ordinal)
                .FirstOrDefault()
            ?? throw new InvalidOperationException(
                "The store is tested on a real PostgreSQL, and there is none: apt install postgresql, or set CLGRPO_POSTGRES_BIN to the folder of initdb and pg_ctl."
            );
    }
}
