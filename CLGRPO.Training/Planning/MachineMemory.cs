using System.Globalization;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Planning;

/// <summary>Memory that a run may take.</summary>
/// <param name="HostBytes">Of the machine; null where a run elsewhere is planned and nothing is said about it.</param>
/// <param name="DeviceBytes">Of the GPU; null where the run computes on the processor.</param>
public sealed record MachineMemory(long? HostBytes, long? DeviceBytes)
{
    /// <summary>This machine: what the kernel says is available, within the limit of the container.</summary>
    /// <param name="device">Where the run computes.</param>
    /// <exception cref="ModelException">The GPU's memory is not known.</exception>
    public static MachineMemory Here(Device device) =>
        device.type == TorchSharp.DeviceType.CPU
            ? new(AvailableHostBytes(), null)
            : new(
                AvailableHostBytes(),
                GpuDescription.Of(device)?.MemoryBytes
                    ?? throw new ModelException("The GPU does not tell how much memory it has; give --device-memory.")
            );

    /// <summary>This machine; for the processor without loading libtorch.</summary>
    /// <param name="device">cpu, cuda or cuda:N.</param>
    /// <exception cref="ModelException">The GPU's memory is not known.</exception>
    /// <exception cref="ArgumentException">There is no such device.</exception>
    public static MachineMemory Here(string device) =>
        device == "cpu" ? new(AvailableHostBytes(), null) : Here(ComputeDevice.Parse(device));

    /// <param name="root">Where <c>proc</c> and <c>sys</c> are mounted.</param>
    /// <returns>null where the system is no Linux.</returns>
    internal static long? AvailableHostBytes(string root = "/")
    {
        var available = Field(Path.Combine(root, "proc/meminfo"), "MemAvailable:") * 1024;
        long?[] all = [available, LeftInControlGroup(root)];
        return all.Min();
    }

    /// <summary>What the container's limit leaves, its file cache counted as free.</summary>
    private static long? LeftInControlGroup(string root)
    {
        foreach (var folder in ControlGroups(root))
        {
            var (limit, used) = (
                Whole(Path.Combine(folder, "memory.max")),
                Whole(Path.Combine(folder, "memory.current"))
            );
            if (limit is not null && used is not null)
                return limit - used + (Field(Path.Combine(folder, "memory.stat"), "inactive_file") ?? 0);
        }
        return null;
    }

    private static IEnumerable<string> ControlGroups(string root)
    {
        var mount = Path.Combine(root, "sys/fs/cgroup");
        var self = Path.Combine(root, "proc/self/cgroup");
        const string Unified = "0::/";
        foreach (var line in File.Exists(self) ? File.ReadLines(self) : [])
        {
            if (line.StartsWith(Unified, StringComparison.Ordinal))
                yield return Path.Combine(mount, line[Unified.Length..]);
        }
        yield return mount; // a container's own view
    }

    private static long? Whole(string path) =>
        File.Exists(path)
        && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    private static long? Field(string path, string name) =>
        File.Exists(path)
            ? File.ReadLines(path)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 1 && words[0] == name)
                .Select(words => (long?)long.Parse(words[1], CultureInfo.InvariantCulture))
                .FirstOrDefault()
            : null;
}
