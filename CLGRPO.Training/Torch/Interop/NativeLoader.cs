using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace TorchSharp.Interop;

/// <summary>
/// Loads libtorch with the settings that it reads only once, while it loads: OpenMP's threads and which BLAS
/// answers to the name libblas.so.3.
/// </summary>
internal static partial class NativeLoader
{
    /// <summary>Debian's OpenBLAS that shares libtorch's OpenMP threads (libopenblas0-openmp).</summary>
    private const string OpenMPBlas = "/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3";

    private const int Lazy = 1;
    private const int Global = 0x100;

    /// <summary>Loads the native library and lets libtorch use every core this process may use.</summary>
    /// <exception cref="DllNotFoundException">The library, or the libtorch it was built with, is not there.</exception>
    public static void Load(string library)
    {
        // OpenMP starts with one thread on some machines; the environment must say otherwise before it loads.
        SetUnlessSet("OMP_NUM_THREADS", Environment.ProcessorCount.ToString());
        // OpenBLAS takes a generic kernel for Intel processors newer than itself; any with AVX-512 can run this one.
        if (Avx512F.IsSupported && IsIntel())
            SetUnlessSet("OPENBLAS_CORETYPE", "SKYLAKEX");
        // A library that is loaded already answers for its name: libtorch's libblas.so.3 becomes this one.
        if (File.Exists(OpenMPBlas) && dlopen(OpenMPBlas, Lazy | Global) == 0)
            throw new DllNotFoundException($"{OpenMPBlas} exists but does not load.");

        var path = Path.Combine(AppContext.BaseDirectory, $"lib{library}.so");
        var handle = NativeLibrary.Load(path);
        NativeLibrary.SetDllImportResolver(
            typeof(NativeLoader).Assembly,
            (name, _, _) => string.Equals(name, library, StringComparison.Ordinal) ? handle : 0
        );
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null)
            Native.Check(SetThreads(handle, Environment.ProcessorCount));
    }

    private static unsafe int SetThreads(IntPtr library, int count) =>
        ((delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "torch_set_threads"))(count);

    // Environment.SetEnvironmentVariable changes .NET's own copy, which native code does not see.
    private static void SetUnlessSet(string name, string value) => _ = setenv(name, value, overwrite: 0);

    private static bool IsIntel()
    {
        var (_, b, c, d) = X86Base.CpuId(0, 0);
        Span<int> vendor = [b, d, c];
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(vendor)) is "GenuineIntel";
    }

    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr dlopen(string path, int flags);
}
