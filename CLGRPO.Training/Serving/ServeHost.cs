using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Training.Compute;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>Offers models on a Unix socket that only the owner of the process may open.</summary>
/// <param name="socketPath">Where the socket lies.</param>
/// <param name="device">Where models compute.</param>
/// <param name="threads">Threads that libtorch may share an operation among.</param>
/// <param name="limits">What may be used.</param>
/// <param name="idle">How long to stay when nobody is connected.</param>
internal sealed class ServeHost(string socketPath, Device device, int threads, ServeLimits limits, TimeSpan idle)
{
    private const int MostConnections = 512;
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _connections = [];

    /// <summary>Serves until told to stop, or nobody has come for long enough.</summary>
    /// <param name="ready">Called once the socket can be connected to.</param>
    /// <param name="log">Takes faults.</param>
    /// <exception cref="IOException">The socket's folder cannot be written.</exception>
    public async Task RunAsync(Action ready, TextWriter log, CancellationToken stop)
    {
        HostAllocator.KeepFreedMemory();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var shelf = new ModelShelf(device, limits);
        using var engine = new ServeEngine(threads, log);
        using var listener = UnixSocket.Listen(socketPath);
        try
        {
            ready();
            while (await AcceptAsync(listener, ending.Token) is { } socket)
                Serve(new ServeConnection(socket, engine, shelf, log), ending.Token);
        }
        finally
        {
            File.Delete(socketPath);
            await ending.CancelAsync();
            await Task.WhenAll(Connections());
        }
    }

    /// <returns>null: it is time to end.</returns>
    private async Task<Socket?> AcceptAsync(Socket listener, CancellationToken stop)
    {
        while (true)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(idle);
            try
            {
                var socket = await listener.AcceptAsync(patience.Token);
                if (Connections().Length < MostConnections)
                    return socket;
                socket.Dispose();
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                if (Connections().Length == 0)
                    return null;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private void Serve(ServeConnection connection, CancellationToken stop)
    {
        lock (_gate)
        {
            var task = connection.RunAsync(stop);
            _connections.Add(task);
            _ = task.ContinueWith(
                done =>
                {
                    lock (_gate)
                        _connections.Remove(done);
                },
                TaskScheduler.Default
            );
        }
    }

    private Task[] Connections()
    {
        lock (_gate)
            return [.. _connections.Where(task => !task.IsCompleted)];
    }
}
