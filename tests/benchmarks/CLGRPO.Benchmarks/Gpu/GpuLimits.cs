using System.Diagnostics;
using static TorchSharp.torch;

namespace CLGRPO.Benchmarks.Gpu;

/// <summary>What a device can do at most, measured.</summary>
/// <param name="BytesPerSecond">Copying within its memory; bytes read and bytes written both count.</param>
/// <param name="FlopsPerSecond">Matrix products in the type that training multiplies in.</param>
internal sealed record GpuLimits(double BytesPerSecond, double FlopsPerSecond)
{
    private const int Repeats = 10;

    public static GpuLimits Measure(Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var onGpu = device.type == TorchSharp.DeviceType.CUDA;
        var bytes = onGpu ? 4L << 30 : 256L << 20;
        var (from, to) = (ones([bytes / 4], device: device), zeros([bytes / 4], device: device));
        var copy = Seconds(device, () => to.copy_(from));
        var side = onGpu ? 8192 : 1024;
        var type = onGpu ? ScalarType.BFloat16 : ScalarType.Float32;
        var matrix = randn([side, side], device: device).to(type);
        var product = Seconds(device, () => matrix.matmul(matrix).Dispose());
        return new GpuLimits(2d * bytes / copy, 2d * side * side * side / product);
    }

    /// <summary>Mean of some runs that follow each other, after one that does not count.</summary>
    private static double Seconds(Device device, Action run)
    {
        run();
        Wait(device);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Repeats; i++)
        {
            run();
        }
        Wait(device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / Repeats;
    }

    /// <summary>Until the device has done what it was given.</summary>
    public static void Wait(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            cuda.synchronize(device);
        }
    }
}
