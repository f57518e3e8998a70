using System.Globalization;

namespace CLGRPO.Training.Compute;

/// <summary>
/// Reads how busy this machine and this process are, under MLflow's names. A megabyte is 10⁶ bytes. What the system does not tell is left
/// out: <c>/proc</c> is Linux's, the GPU's figures are the driver's.
/// </summary>
public sealed class SystemSampler : IDisposable
{
    /// <summary>All cores together, 0 to 100; from the second sample on, over the time since the one before.</summary>
    public const string Cpu = "system/cpu_utilization_percentage";

    /// <summary>This process's share of all cores, 0 to 100.</summary>
    public const string ProcessCpu = "system/process_cpu_utilization_percentage";

    /// <summary>Memory that is not available to new work.</summary>
    public const string Memory = "system/system_memory_usage_megabytes";
    public const string MemoryShare = "system/system_memory_usage_percentage";

    /// <summary>Memory that this process occupies.</summary>
    public const string ProcessMemory = "system/process_memory_usage_megabytes";

    /// <summary>Room that this process may still take where the run is.</summary>
    public const string DiskAvailable = "system/disk_available_megabytes";
    public const string DiskShare = "system/disk_usage_percentage";

    private const double Megabyte = 1e6;
    private readonly string _diskPath;
    private readonly string _root;
    private readonly TimeProvider _clock;
    private readonly GpuSampler? _gpus = GpuSampler.Open();
    private (long Busy, long All)? _cores;
    private (TimeSpan Spent, long At)? _process;

    /// <param name="diskPath">A folder on the disk that matters.</param>
    public SystemSampler(string diskPath, TimeProvider clock)
        : this(diskPath, clock, "/") { }

    /// <param name="root">Where <c>proc</c> is mounted.</param>
    internal SystemSampler(string diskPath, TimeProvider clock, string root) =>
        (_diskPath, _clock, _root) = (diskPath, clock, root);

    /// <summary>Metric → value, now.</summary>
    public IReadOnlyDictionary<string, double> Sample()
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        AddCores(metrics);
        AddProcess(metrics);
        AddMemory(metrics);
        AddDisk(metrics);
        _gpus?.AddTo(metrics);
        return metrics;
    }

    public void Dispose() => _gpus?.Dispose();

    private void AddCores(Dictionary<string, double> metrics)
    {
        var path = Path.Combine(_root, "proc/stat");
        if (!File.Exists(path) || File.ReadLines(path).FirstOrDefault() is not { } line)
            return;
        // cpu user nice system idle iowait irq softirq steal …; guests are counted in user already.
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Take(8)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))
            .ToArray();
        if (ticks.Length < 5)
            return;
        var now = (Busy: ticks.Sum() - ticks[3] - ticks[4], All: ticks.Sum());
        if (_cores is { } before && now.All > before.All)
            metrics[Cpu] = Math.Clamp(100.0 * (now.Busy - before.Busy) / (now.All - before.All), 0, 100);
        _cores = now;
    }

    private void AddProcess(Dictionary<string, double> metrics)
    {
        var now = (Spent: Environment.CpuUsage.TotalTime, At: _clock.GetTimestamp());
        if (_process is { } before && _clock.GetElapsedTime(before.At, now.At) is { Ticks: > 0 } passed)
            metrics[ProcessCpu] = Math.Clamp(
                100 * (now.Spent - before.Spent) / (passed * Environment.ProcessorCount),
                0,
                100
            );
        _process = now;
        metrics[ProcessMemory] = Environment.WorkingSet / Megabyte;
    }

    private void AddMemory(Dictionary<string, double> metrics)
    {
        var path = Path.Combine(_root, "proc/meminfo");
        if (!File.Exists(path))
            return;
        var fields = File.ReadLines(path)
            .Select(line => line.Split((char[])[' ', ':'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["MemTotal" or "MemAvailable", ..])
            .ToDictionary(
                words => words[0],
                words => 1024 * double.Parse(words[1], CultureInfo.InvariantCulture),
                StringComparer.Ordinal
            );
        if (
            !fields.TryGetValue("MemTotal", out var total)
            || !fields.TryGetValue("MemAvailable", out var available)
            || total <= 0
        )
            return;
        metrics[Memory] = (total - available) / Megabyte;
        metrics[MemoryShare] = 100 * (total - available) / total;
    }

    private void AddDisk(Dictionary<string, double> metrics)
    {
        var disk = new DriveInfo(_diskPath);
        metrics[DiskAvailable] = disk.AvailableFreeSpace / Megabyte;
        if (disk.TotalSize > 0)
            metrics[DiskShare] = 100.0 * (disk.TotalSize - disk.AvailableFreeSpace) / disk.TotalSize;
    }
}
