using System.Runtime.InteropServices;

namespace CLGRPO.Training.Compute;

/// <summary>Reads how busy the machine's GPUs are, from NVIDIA's management library.</summary>
internal sealed partial class GpuSampler : IDisposable
{
    private const string Management = "libnvidia-ml.so.1";
    private const int MostGpus = 16;
    private const double Megabyte = 1e6;
    private readonly nint[] _gpus;

    private GpuSampler(nint[] gpus) => _gpus = gpus;

    /// <summary>null where there is no GPU, or no driver of NVIDIA's.</summary>
    public static GpuSampler? Open()
    {
        if (!NativeLibrary.TryLoad(Management, out _) || nvmlInit_v2() != 0)
            return null;
        var gpus = new List<nint>();
        if (nvmlDeviceGetCount_v2(out var count) == 0)
        {
            for (var i = 0u; i < Math.Min(count, MostGpus); i++)
            {
                if (nvmlDeviceGetHandleByIndex_v2(i, out var gpu) == 0)
                    gpus.Add(gpu);
            }
        }
        if (gpus.Count > 0)
            return new GpuSampler([.. gpus]);
        _ = nvmlShutdown();
        return null;
    }

    /// <summary>Adds <c>system/gpu_0_utilization_percentage</c> and its like; what a GPU does not tell is left out.</summary>
    public void AddTo(Dictionary<string, double> metrics)
    {
        for (var i = 0; i < _gpus.Length; i++)
        {
            var (gpu, name) = (_gpus[i], $"system/gpu_{i}_");
            if (nvmlDeviceGetUtilizationRates(gpu, out var busy) == 0)
                metrics[name + "utilization_percentage"] = busy.Gpu;
            if (nvmlDeviceGetMemoryInfo(gpu, out var memory) == 0 && memory.Total > 0)
            {
                metrics[name + "memory_usage_megabytes"] = memory.Used / Megabyte;
                metrics[name + "memory_usage_percentage"] = 100.0 * memory.Used / memory.Total;
            }
            if (nvmlDeviceGetPowerUsage(gpu, out var milliwatts) == 0)
                metrics[name + "power_usage_watts"] = milliwatts / 1000.0;
            if (nvmlDeviceGetTemperature(gpu, sensor: 0, out var celsius) == 0)
                metrics[name + "temperature_celsius"] = celsius;
        }
    }

    public void Dispose() => _ = nvmlShutdown();

    [StructLayout(LayoutKind.Sequential)]
    private struct Utilization
    {
        public uint Gpu;
        public uint Memory;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInfo
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }

    [LibraryImport(Management)]
    private static partial int nvmlInit_v2();

    [LibraryImport(Management)]
    private static partial int nvmlShutdown();

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetCount_v2(out uint count);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetHandleByIndex_v2(uint index, out nint device);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetUtilizationRates(nint device, out Utilization busy);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetMemoryInfo(nint device, out MemoryInfo memory);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetPowerUsage(nint device, out uint milliwatts);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetTemperature(nint device, uint sensor, out uint celsius);
}
