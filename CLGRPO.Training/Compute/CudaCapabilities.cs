using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Compute;

/// <summary>
/// What libtorch can do on CUDA beyond TorchSharp's public API: memory statistics and CUDA graphs. They come from the
/// project's own native library; with the official packages, or a build without CUDA's headers, each is absent, says so,
/// and its users have a path without it.
/// </summary>
public static unsafe class CudaCapabilities
{
    private static readonly IntPtr Library = Find();

    /// <summary>Whether libtorch holds CUDA kernels, GPU or not.</summary>
    public static bool LibtorchHasCuda =>
        Library == 0 ? cuda.is_available() : ((delegate* unmanaged<int>)Export("cuda_is_built"))() != 0;

    /// <summary>Whether decode steps can be recorded and replayed on a device.</summary>
    public static bool HasGraphs(Device device) => device.type == DeviceType.CUDA && HasExtras;

    /// <summary>Most bytes of a GPU that tensors took at once since the last <see cref="ResetPeakMemory"/>; null where it is not known.</summary>
    public static long? PeakMemory(Device device)
    {
        if (device.type != DeviceType.CUDA || !HasExtras)
            return null;
        var bytes = ((delegate* unmanaged<int, long>)Export("cuda_peak_bytes"))(device.index);
        return bytes >= 0 ? bytes : throw Error();
    }

    /// <summary>Begins a new peak; does nothing where peaks are not known.</summary>
    public static void ResetPeakMemory(Device device)
    {
        if (device.type == DeviceType.CUDA && HasExtras)
            Check(((delegate* unmanaged<int, int>)Export("cuda_reset_peak"))(device.index));
    }

    /// <summary>Gives memory that no tensor uses back to the GPU, where that can be told.</summary>
    public static void EmptyCache(Device device)
    {
        if (device.type == DeviceType.CUDA && HasExtras)
            Check(((delegate* unmanaged<int>)Export("cuda_empty_cache"))());
    }

    internal static IntPtr GraphNew()
    {
        var graph = ((delegate* unmanaged<IntPtr>)Export("cuda_graph_new"))();
        return graph != 0 ? graph : throw Error();
    }

    internal static void GraphBegin(IntPtr graph, int device) =>
        Check(((delegate* unmanaged<IntPtr, int, int>)Export("cuda_graph_begin"))(graph, device));

    internal static void GraphEnd(IntPtr graph) =>
        Check(((delegate* unmanaged<IntPtr, int>)Export("cuda_graph_end"))(graph));

    /// <summary>Ends a recording that failed. Reports nothing: what failed is on its way already.</summary>
    internal static void GraphAbandon(IntPtr graph) =>
        ((delegate* unmanaged<IntPtr, void>)Export("cuda_graph_abandon"))(graph);

    internal static void GraphReplay(IntPtr graph) =>
        Check(((delegate* unmanaged<IntPtr, int>)Export("cuda_graph_replay"))(graph));

    internal static void GraphFree(IntPtr graph) =>
        ((delegate* unmanaged<IntPtr, void>)Export("cuda_graph_free"))(graph);

    private static bool HasExtras => Library != 0 && ((delegate* unmanaged<int>)Export("cuda_has_extras"))() != 0;

    private static IntPtr Find()
    {
        _ = __version__; // loads libtorch with its settings before anything else can
        return NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, "libclgrpo_torch.so"), out var library)
            ? library
            : 0;
    }

    private static IntPtr Export(string name) => NativeLibrary.GetExport(Library, name);

    private static void Check(int code)
    {
        if (code < 0)
            throw Error();
    }

    private static InvalidOperationException Error() =>
        new(
            Marshal.PtrToStringUTF8(((delegate* unmanaged<IntPtr>)Export("torch_last_error"))())
                ?? "CUDA failed without a message."
        );
}
