using System.Diagnostics;
using System.Globalization;
using System.Text;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

/// <summary>This test program, started again as a writer: it imports batch after batch, and says so after each commit, until it is killed.</summary>
internal sealed class StoreWriterProcess : IDisposable
{
    public const int BatchSize = 7;

    private readonly Process _process;

    public StoreWriterProcess(string database, long datasetId, long importId)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(StoreWriterProcess).Assembly.Location);
        var method = $"{typeof(StoreWriterRole).FullName}.{nameof(StoreWriterRole.Write)}";
        foreach (var argument in (string[])["-explicit", "only", "-method", method])
            start.ArgumentList.Add(argument);
        start.Environment[StoreWriterRole.Variable] = string.Create(
            CultureInfo.InvariantCulture,
            $"{datasetId} {importId} {database}"
        );
        _process = Process.Start(start)!;
    }

    /// <summary>Reads until as many commits were acknowledged, kills the process as it goes on, and reads what it said until then.</summary>
    /// <returns>The last cursor it said was committed.</returns>
    public long KillAfter(int commits)
    {
        var last = 0L;
        for (var i = 0; i < commits; i++)
            last = Read() ?? throw new InvalidOperationException("The writer ended by itself.");
        _process.Kill(); // SIGKILL
        while (Read() is { } more)
            last = more;
        _process.WaitForExit();
        return last;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>The next acknowledgement; null at the end. The test runner writes lines of its own, and the kill may cut one off.</summary>
    private long? Read()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line is ['#', .. var cursor, '.'])
                return long.Parse(cursor, CultureInfo.InvariantCulture);
        }
        return null;
    }
}

/// <summary>What the other process does; never part of a usual run.</summary>
public sealed class StoreWriterRole
{
    public const string Variable = "CLGRPO_TEST_STORE_WRITER";

    [Fact(Explicit = true)]
    public async Task Write()
    {
        var settings = Environment.GetEnvironmentVariable(Variable)?.Split(' ', 3);
        Assert.SkipWhen(settings is null, "Only as the other process of a test.");
        await WriteForEver(
            settings![2],
            long.Parse(settings[0], CultureInfo.InvariantCulture),
            long.Parse(settings[1], CultureInfo.InvariantCulture)
        );
    }

    private static async Task WriteForEver(string database, long datasetId, long importId)
    {
        using var store = StoreFactory.Open(new StoreOptions(database));
        await using var context = store.CreateDbContext();
        var cursor = context.Imports.Single(import => import.Id == importId).Cursor;
        await using var writer = await SampleBatchWriter.Open(
            store,
            TimeProvider.System,
            datasetId,
            importId,
            StoreRows.Vocabulary,
            CancellationToken.None
        );
        await using var output = Console.OpenStandardOutput(); // past the test runner's own capture
        while (true)
        {
            var samples = Enumerable
                .Range(0, StoreWriterProcess.BatchSize)
                .Select(i => StoreRows.Sample((cursor + i).ToString("D9", CultureInfo.InvariantCulture)))
                .ToList();
            cursor += StoreWriterProcess.BatchSize;
            await writer.Add(samples, [], cursor, CancellationToken.None);
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n#{cursor}.\n")));
        }
    }
}
