using System.Net.Sockets;
using System.Threading.Channels;

namespace CLGRPO.Training.Live;

/// <summary>
/// One connection to the live socket. Lines wait in a bounded queue for as long as the reader takes; when the queue is
/// full, all that waits is dropped, and once the reader has caught up it gets a snapshot in their place.
/// </summary>
internal sealed class LiveReader : IDisposable
{
    private const int MostLines = 256;
    private const long MostBytes = 4 << 20;
    private readonly Socket _socket;
    private readonly Channel<byte[]> _lines = Channel.CreateUnbounded<byte[]>();
    private readonly Task _done;
    private int _waiting; // lines in the queue or half sent
    private long _bytes;

    public LiveReader(Socket socket)
    {
        _socket = socket;
        _done = Task.WhenAny(SendAsync(), ListenAsync());
    }

    /// <summary>Frames that were not sent since the last snapshot; null when the reader has yet to get its first.</summary>
    public long? Dropped { get; private set; }

    /// <summary>Whether a snapshot is due: at the beginning, and after a loss once everything before it was taken.</summary>
    public bool NeedsSnapshot => Dropped is null || (Dropped > 0 && Volatile.Read(ref _waiting) == 0);

    /// <summary>Whether the connection is over.</summary>
    public bool IsGone => _done.IsCompleted;

    public void SendSnapshot(byte[] line)
    {
        Dropped = 0;
        Enqueue(line);
    }

    /// <summary>Queues a line, or drops it, and what waits, when the queue is full. Never waits.</summary>
    public void Offer(byte[] line)
    {
        if (Dropped is not 0)
        {
            Dropped = (Dropped ?? 0) + 1;
            return;
        }
        if (Volatile.Read(ref _waiting) < MostLines && Interlocked.Read(ref _bytes) + line.Length <= MostBytes)
        {
            Enqueue(line);
            return;
        }
        Dropped = 1;
        while (_lines.Reader.TryRead(out var waiting))
        {
            Taken(waiting);
            Dropped++;
        }
    }

    /// <summary>Lets the reader have what waits, for a moment at the most.</summary>
    public Task FinishAsync(TimeSpan patience)
    {
        _lines.Writer.TryComplete();
        return Task.WhenAny(_done, Task.Delay(patience));
    }

    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _socket.Dispose();
    }

    private void Enqueue(byte[] line)
    {
        Interlocked.Increment(ref _waiting);
        Interlocked.Add(ref _bytes, line.Length);
        _lines.Writer.TryWrite(line);
    }

    private void Taken(byte[] line)
    {
        Interlocked.Add(ref _bytes, -line.Length);
        Interlocked.Decrement(ref _waiting);
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync())
            {
                for (var sent = 0; sent < line.Length; )
                    sent += await _socket.SendAsync(line.AsMemory(sent));
                Taken(line);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The reader is gone: IsGone says so.
        }
    }

    /// <summary>Ends when the reader closes its end. It has nothing to say: one that talks is cut off.</summary>
    private async Task ListenAsync()
    {
        try
        {
            await _socket.ReceiveAsync(new byte[1]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
