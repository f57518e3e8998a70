using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Tests.Live;

/// <summary>A reader of the live socket, as the site is one: keeps all frames until the other end closes.</summary>
internal sealed class FrameReader : IDisposable
{
    private readonly Socket _socket;
    private readonly List<LiveFrame> _frames = [];

    private FrameReader(Socket socket)
    {
        _socket = socket;
        Done = Task.Run(ReadAsync);
    }

    /// <summary>Ends when the trainer closes the socket.</summary>
    public Task Done { get; }

    public IReadOnlyList<LiveFrame> Frames
    {
        get
        {
            lock (_frames)
                return [.. _frames];
        }
    }

    public static async Task<FrameReader> ConnectAsync(RunDirectory run) =>
        new(await UnixSocket.ConnectAsync(run.LiveSocketPath, TestContext.Current.CancellationToken));

    /// <summary>Connects as soon as the run offers its socket.</summary>
    public static async Task<FrameReader> ConnectSoonAsync(string path)
    {
        while (true)
        {
            try
            {
                return await ConnectAsync(RunDirectory.Open(path));
            }
            catch (Exception e) when (e is SocketException or DirectoryNotFoundException)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Waits until a frame came that is looked for.</summary>
    public async Task<LiveFrame> WaitForAsync(Func<LiveFrame, bool> wanted)
    {
        while (true)
        {
            if (Frames.FirstOrDefault(wanted) is { } found)
                return found;
            Assert.False(Done.IsCompleted, "The socket was closed before the frame came.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync()
    {
        await using var stream = new NetworkStream(_socket);
        using var lines = new StreamReader(stream);
        try
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                var frame = LiveFrame.Parse(System.Text.Encoding.UTF8.GetBytes(line));
                lock (_frames)
                    _frames.Add(frame);
            }
        }
        catch (IOException)
        {
            // The other end is gone, or this one was closed by the test.
        }
    }
}
