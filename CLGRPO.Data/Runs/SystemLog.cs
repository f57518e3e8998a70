using System.Text.Json;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>What the machine was at.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Metrics">Metric → value, under MLflow's names: <c>system/cpu_utilization_percentage</c> ….</param>
public sealed record SystemSample(DateTimeOffset Time, IReadOnlyDictionary<string, double> Metrics);

/// <summary>
/// A run's <c>system.ndjson</c>: how busy the machine was while the run trained. It is for looking on, so it is apart from the events, is not
/// numbered, and never grows beyond a bound: when it is full, every second sample makes way, the older ones having made way before.
/// </summary>
public sealed class SystemLog : IDisposable
{
    /// <summary>Samples that are kept at most: eleven hours of one every five seconds.</summary>
    public const int DefaultMost = 8192;

    private const int NewestBytes = 1 << 18;
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
    private readonly string _path;
    private readonly int _most;
    private FileStream _file;
    private int _count;

    private SystemLog(string path, int most, FileStream file, int count) =>
        (_path, _most, _file, _count) = (path, most, file, count);

    /// <summary>Opens the log of a run for appending; a torn last line is cut off.</summary>
    /// <param name="runLock">Proves the right to write.</param>
    public static SystemLog Open(RunLock runLock, int most = DefaultMost)
    {
        var path = runLock.Run.SystemPath;
        var file = OpenFile(path);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        file.SetLength(Array.LastIndexOf(content, (byte)'\n') + 1);
        file.Position = file.Length;
        return new SystemLog(path, most, file, content.AsSpan().Count((byte)'\n'));
    }

    /// <summary>Appends a sample in one write.</summary>
    /// <exception cref="IOException">There is no room; what was written of it is taken back.</exception>
    public void Append(SystemSample sample)
    {
        if (_count >= _most)
            Thin();
        var whole = _file.Position;
        try
        {
            _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(sample, Json), (byte)'\n']);
            _count++;
        }
        catch
        {
            _file.SetLength(whole);
            _file.Position = whole;
            throw;
        }
    }

    /// <summary>The samples of a run, oldest first; a damaged line is left out, for it is nothing but one sample less.</summary>
    public static IReadOnlyList<SystemSample> Read(RunDirectory run) =>
        File.Exists(run.SystemPath) ? [.. File.ReadLines(run.SystemPath).Select(Parse).OfType<SystemSample>()] : [];

    /// <summary>The newest samples, oldest first: those in the last part of the log, about an hour of them.</summary>
    public static IReadOnlyList<SystemSample> ReadNewest(RunDirectory run)
    {
        if (!File.Exists(run.SystemPath))
            return [];
        using var file = new FileStream(run.SystemPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var cut = file.Length > NewestBytes;
        if (cut)
            file.Position = file.Length - NewestBytes;
        using var reader = new StreamReader(file);
        // Where it is cut, the first line is half a line.
        return [.. reader.ReadToEnd().Split('\n').Skip(cut ? 1 : 0).Select(Parse).OfType<SystemSample>()];
    }

    public void Dispose() => _file.Dispose();

    private void Thin()
    {
        var kept = File.ReadLines(_path).Where((_, i) => i % 2 == 0).ToList();
        AtomicFile.WriteText(_path, string.Concat(kept.Select(line => line + '\n')));
        _file.Dispose();
        (_file, _count) = (OpenFile(_path), kept.Count);
        _file.Position = _file.Length;
    }

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    private static SystemSample? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<SystemSample>(line, Json) is { Metrics: not null } sample ? sample : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
