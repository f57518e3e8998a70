using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Compute;

/// <summary>
/// Work on a GPU that was recorded once and is done again with one call: thousands of kernels without the processor's
/// part in each. Whatever the work reads and writes must lie where it lay when it was recorded.
/// </summary>
internal sealed class CudaGraph : IDisposable
{
    private IntPtr _handle;

    private CudaGraph(IntPtr handle) => _handle = handle;

    /// <summary>
    /// Records work without doing it. It must have been done once before on the device: what libtorch sets up on first
    /// use cannot be recorded. It may not wait for the device or read from it.
    /// </summary>
    /// <returns>Null where the device or this build has no graphs: do the work each time instead.</returns>
    public static CudaGraph? Record(Device device, Action work)
    {
        if (!CudaCapabilities.HasGraphs(device))
            return null;
        var graph = new CudaGraph(CudaCapabilities.GraphNew());
        try
        {
            CudaCapabilities.GraphBegin(graph._handle, device.index);
            try
            {
                work();
            }
            catch
            {
                CudaCapabilities.GraphAbandon(graph._handle);
                throw;
            }
            CudaCapabilities.GraphEnd(graph._handle);
            return graph;
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <summary>Does the work.</summary>
    public void Replay()
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        CudaCapabilities.GraphReplay(_handle);
    }

    public void Dispose()
    {
        if (_handle == 0)
            return;
        CudaCapabilities.GraphFree(_handle);
        _handle = 0;
    }
}
