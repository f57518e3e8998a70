using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Compute;

/// <summary>Where a run computes: <c>cpu</c>, <c>cuda</c> (the first GPU) or <c>cuda:N</c>.</summary>
public static class ComputeDevice
{
    /// <summary>Names the device where <c>--device</c> does not.</summary>
    public const string Variable = "CLGRPO_DEVICE";

    /// <summary>The device of <see cref="Variable"/>, else <c>cpu</c>.</summary>
    public static string DefaultName =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name ? name : "cpu";

    /// <summary>The device of this name, which is there.</summary>
    /// <exception cref="ArgumentException">The name is none of the three, or this machine or libtorch has no such device.</exception>
    public static Device Parse(string name)
    {
        if (name == "cpu")
            return CPU;
        var index = CudaIndex(name);
        var found = cuda.device_count();
        if (index < found)
            return new Device(DeviceType.CUDA, index);
        throw new ArgumentException($"The device is '{name}', but {Absence(found)}");
    }

    /// <summary>Threads that share a step: on a GPU one, which hands out all the work.</summary>
    /// <param name="device">Where.</param>
    /// <param name="asked">null: as many as suit the device.</param>
    /// <exception cref="ArgumentException">Fewer than one, or several for a GPU.</exception>
    public static int Workers(Device device, int? asked)
    {
        if (asked < 1)
            throw new ArgumentException($"--workers is {asked}; it must be at least 1.");
        if (device.type == DeviceType.CPU)
            return asked ?? Environment.ProcessorCount;
        return asked is null or 1
            ? 1
            : throw new ArgumentException(
                $"--workers is {asked}, but on a GPU one worker has all the work; leave it out."
            );
    }

    private static int CudaIndex(string name)
    {
        if (name == "cuda")
            return 0;
        const string Prefix = "cuda:";
        return
            name.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(name[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : throw new ArgumentException($"The device is '{name}'; give cpu or cuda, or cuda:N for another GPU.");
    }

    private static string Absence(int found)
    {
        if (found > 0)
            return $"there are {found} GPUs, counted from 0.";
        return CudaCapabilities.LibtorchHasCuda
            ? $"libtorch {__version__} finds no GPU: is the NVIDIA driver loaded, and the GPU in CUDA_VISIBLE_DEVICES?"
            : $"this build's libtorch ({__version__}) has no CUDA: set TORCH_DIR to the folder of one that has (a Python environment's torch is one) and build again, or give cpu.";
    }
}
