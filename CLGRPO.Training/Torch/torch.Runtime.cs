using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>libtorch through TorchSharp's public API: the same names, parameters and meanings.</summary>
public static partial class torch
{
    /// <summary>The version of the libtorch that runs.</summary>
    public static string __version__ => Marshal.PtrToStringUTF8(Native.torch_version())!;

    public static int get_num_threads() => Native.torch_get_threads();

    /// <summary>Threads of one operator on the CPU.</summary>
    public static void set_num_threads(int num) => Native.Check(Native.torch_set_threads(num));

    public static int get_num_interop_threads() => Native.torch_get_interop_threads();

    public static void set_num_interop_threads(int num) => Native.Check(Native.torch_set_interop_threads(num));

    /// <summary>NVIDIA's GPUs.</summary>
    public static partial class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static int device_count() => Native.cuda_device_count();

        public static void manual_seed(long seed) => Native.Check(Native.torch_manual_seed(seed));

        public static void manual_seed_all(long seed) => Native.Check(Native.torch_manual_seed(seed));

        /// <summary>Waits until a GPU has done all that it was given.</summary>
        public static void synchronize(Device? device = null) =>
            Native.Check(Native.cuda_synchronize(device?.index ?? -1));

        private static void Seed(Device device, long seed)
        {
            using var generator = Generator.DefaultOf(device);
            generator.manual_seed(seed);
        }
    }

    public static bool cuda_is_available() => cuda.is_available();
}
