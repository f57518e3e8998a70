using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Live;

/// <summary>
/// A run's live socket, read once for all who watch it through the site. Whether the trainer starts, ends or starts again
/// meanwhile, viewers stay; while there are none, there is no connection.
/// </summary>
internal sealed partial class LiveRun(RunDirectory directory, TimeProvider clock, ILogger log)
{
    private const int LongestLine = 64 << 20;
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(500);
    private readonly LiveView _view = new(directory.Id);
    private readonly List<LiveViewer> _viewers = [];
    private Action _stopFollowing = () => { };

    /// <summary>Guards view and viewers.</summary>
    public Lock Gate { get; } = new();

    public LiveViewer Join()
    {
        var viewer = new LiveViewer(this);
        lock (Gate)
        {
            _viewers.Add(viewer);
            if (_viewers.Count == 1)
            {
                var stop = new CancellationTokenSource();
                _stopFollowing = stop.Cancel;
                _ = FollowAsync(stop);
            }
        }
        return viewer;
    }

    public void Leave(LiveViewer viewer)
    {
        lock (Gate)
        {
            if (!_viewers.Remove(viewer) || _viewers.Count > 0)
                return;
            _stopFollowing();
            _view.Clear();
        }
    }

    /// <summary>What is in progress. Called under the gate.</summary>
    public LiveFrame Snapshot(long dropped) => _view.Snapshot(clock.GetUtcNow().ToUnixTimeMilliseconds(), dropped);

    private async Task FollowAsync(CancellationTokenSource stopping)
    {
        using var owned = stopping;
        var stop = stopping.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var socket = await UnixSocket.ConnectAsync(directory.LiveSocketPath, stop);
                await ReadAsync(new NetworkStream(socket), stop);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                // Nobody trains the run, or the trainer has just ended; its state is told elsewhere.
            }
            catch (Exception e) when (e is JsonException or InvalidDataException)
            {
                LogUnreadable(directory.Id, e);
            }
            await Task.Delay(RetryEvery, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(Stream stream, CancellationToken stop)
    {
        var lines = PipeReader.Create(stream);
        while (true)
        {
            var read = await lines.ReadAsync(stop);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                Tell(LiveFrame.Parse(rest.Slice(0, end).ToArray()), stop);
                rest = rest.Slice(rest.GetPosition(1, end));
            }
            if (rest.Length > LongestLine)
                throw new InvalidDataException($"A live frame is longer than {LongestLine >> 20} MiB.");
            lines.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
                return;
        }
    }

    private void Tell(LiveFrame frame, CancellationToken stop)
    {
        lock (Gate)
        {
            if (stop.IsCancellationRequested)
                return; // who watches now has a connection of their own
            _view.Apply(frame);
            foreach (var viewer in _viewers)
                viewer.Offer(frame);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The live socket of run {Run} says something that cannot be read")]
    private partial void LogUnreadable(string run, Exception why);
}
