using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Compute;

/// <summary>What a GPU is, in the words of its driver.</summary>
/// <param name="Name">Such as "NVIDIA H200".</param>
/// <param name="Driver">The driver's version; null where it does not tell.</param>
/// <param name="MemoryBytes">Memory of the GPU.</param>
public sealed partial record GpuDescription(string Name, string? Driver, long MemoryBytes)
{
    private const string Cuda = "libcuda.so.1";
    private const string Management = "libnvidia-ml.so.1";
    private const int Longest = 96;

    /// <summary>The GPU a device stands for; null for the processor, and where NVIDIA's driver is missing.</summary>
    public static GpuDescription? Of(Device device)
    {
        if (device.type != DeviceType.CUDA || !NativeLibrary.TryLoad(Cuda, out _))
            return null;
        // The driver's own numbers follow CUDA_VISIBLE_DEVICES, as libtorch's do.
        return cuInit(0) == 0 && cuDeviceGet(out var gpu, Math.Max(0, device.index)) == 0
            ? new GpuDescription(
                NameOf(gpu),
                DriverVersion(),
                cuDeviceTotalMem_v2(out var bytes, gpu) == 0 ? (long)bytes : 0
            )
            : null;
    }

    private static string NameOf(int gpu)
    {
        var text = new byte[Longest];
        return cuDeviceGetName(text, text.Length, gpu) == 0 ? Text(text) : "an unnamed GPU";
    }

    private static string? DriverVersion()
    {
        if (!NativeLibrary.TryLoad(Management, out _) || nvmlInit_v2() != 0)
            return null;
        var text = new byte[Longest];
        var told = nvmlSystemGetDriverVersion(text, (uint)text.Length) == 0;
        _ = nvmlShutdown();
        return told ? Text(text) : null;
    }

    private static string Text(byte[] text) =>
        Encoding.UTF8.GetString(text, 0, Math.Max(0, Array.IndexOf(text, (byte)0)));

    [LibraryImport(Cuda)]
    private static partial int cuInit(uint flags);

    [LibraryImport(Cuda)]
    private static partial int cuDeviceGet(out int device, int ordinal);

    [LibraryImport(Cuda)]
    private static partial int cuDeviceGetName([Out] byte[] name, int length, int device);

    [LibraryImport(Cuda)]
    private static partial int cuDeviceTotalMem_v2(out nuint bytes, int device);

    [LibraryImport(Management)]
    private static partial int nvmlInit_v2();

    [LibraryImport(Management)]
    private static partial int nvmlShutdown();

    [LibraryImport(Management)]
    private static partial int nvmlSystemGetDriverVersion([Out] byte[] version, uint length);
}
