using System.Globalization;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Planning;

/// <summary>Most memory that was taken at once: of a GPU its tensors', else the process's.</summary>
internal static class PeakMemory
{
    /// <exception cref="ModelException">This system or build does not tell.</exception>
    public static long Of(Device device) =>
        device.type == TorchSharp.DeviceType.CPU
            ? Status("VmHWM:")
            : CudaCapabilities.PeakMemory(device)
                ?? throw new ModelException("This build does not tell the GPU's peak memory.");

    /// <summary>Memory of the process now.</summary>
    public static long OfProcess() => Status("VmRSS:");

    /// <summary>Begins anew.</summary>
    public static void Reset(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CPU)
            File.WriteAllText("/proc/self/clear_refs", "5"); // Linux: VmHWM starts again at VmRSS
        else
            CudaCapabilities.ResetPeakMemory(device);
    }

    private static long Status(string name)
    {
        const string Path = "/proc/self/status";
        var line = File.Exists(Path)
            ? File.ReadLines(Path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            : null;
        return line is null
            ? throw new ModelException($"This system does not tell a process's memory ({Path}, {name}).")
            : 1024
                * long.Parse(
                    line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
                    CultureInfo.InvariantCulture
                );
    }
}
