using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Live;

/// <summary>
/// Offers a <see cref="LiveFeed"/> on the run's <c>live.sock</c>: takes what the trainer noted some forty times a second,
/// makes text and frames of it on a thread of its own, and hands them to every reader's queue. Without a reader the
/// thread waits. Nothing that a reader does or leaves undone reaches the trainer.
/// </summary>
internal sealed class LiveBroadcast : IDisposable
{
    private const int MostReaders = 32;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(500);
    private readonly RunDirectory _run;
    private readonly LiveFeed _feed;
    private readonly TimeProvider _clock;
    private readonly Socket _listener;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _anyReader = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<LiveReader> _joined = []; // accepted, not yet served
    private readonly List<LiveReader> _readers = []; // the thread's own
    private readonly LiveView _view;

    /// <exception cref="IOException">The run's folder cannot be written.</exception>
    /// <exception cref="SocketException">The file system knows no sockets.</exception>
    public LiveBroadcast(RunDirectory run, LiveFeed feed, TimeProvider clock)
    {
        (_run, _feed, _clock, _view) = (run, feed, clock, new LiveView(run.Id));
        _listener = UnixSocket.Listen(run.LiveSocketPath);
        _thread = new Thread(Serve) { IsBackground = true, Name = "live socket" };
        _thread.Start();
        _ = AcceptAsync();
    }

    /// <summary>Tells the readers that the process ends, lets them have it, and takes the socket away.</summary>
    public void Dispose()
    {
        File.Delete(_run.LiveSocketPath);
        _listener.Dispose();
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
        _anyReader.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var reader = new LiveReader(await _listener.AcceptAsync(_stop.Token));
                lock (_gate)
                {
                    if (_joined.Count + _readers.Count >= MostReaders || _stop.IsCancellationRequested)
                    {
                        reader.Dispose();
                        continue;
                    }
                    _joined.Add(reader);
                    _anyReader.Set();
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The process ends.
        }
    }

    private void Serve()
    {
        while (WaitForReaders() && !_stop.Token.WaitHandle.WaitOne(Every))
            Tell(_feed.Take());
        Tell([.. _feed.Take(), new LiveItem(new LiveFrame { Type = LiveFrameType.End }, null)]);
        Task.WaitAll([.. _readers.Select(reader => reader.FinishAsync(LastWords))]);
        lock (_gate)
        {
            foreach (var reader in _readers.Concat(_joined))
                reader.Dispose();
        }
    }

    /// <summary>Lets in who came and lets go who went; waits while there is nobody.</summary>
    /// <returns>False when the process ends.</returns>
    private bool WaitForReaders()
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_gate)
            {
                foreach (var gone in _readers.Where(reader => reader.IsGone).ToList())
                {
                    _readers.Remove(gone);
                    gone.Dispose();
                }
                if (_readers.Count == 0 && _feed.IsWatching)
                    _feed.Unwatch();
                if (_readers.Count == 0 && _joined.Count > 0)
                {
                    _view.Clear();
                    _feed.Watch();
                }
                _readers.AddRange(_joined);
                _joined.Clear();
                _anyReader.Reset();
                if (_readers.Count > 0)
                    return true;
            }
            try
            {
                _anyReader.Wait(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
        return false;
    }

    private void Tell(IReadOnlyList<LiveItem> items)
    {
        if (_readers.Count == 0)
            return;
        var lines = new List<byte[]>(items.Count);
        foreach (var item in items)
        {
            var frame = item.Growth is null ? item.Frame : item.Frame with { Tokens = Texts(item.Growth) };
            if (frame.Type == LiveFrameType.End)
                frame = frame with { Time = Now() };
            _view.Apply(frame);
            lines.Add(frame.ToLine());
        }
        foreach (var reader in _readers)
        {
            if (reader.NeedsSnapshot)
                reader.SendSnapshot(_view.Snapshot(Now(), reader.Dropped ?? 0).ToLine());
            else
                lines.ForEach(reader.Offer);
        }
    }

    private static List<LiveTokens> Texts(List<LiveGrowth> growth) =>
        [
            .. growth.Select(part => new LiveTokens(
                part.Group,
                part.Completion,
                part.At,
                part.Text.Next(part.Ids, part.End is not null),
                part.End
            )),
        ];

    private long Now() => _clock.GetUtcNow().ToUnixTimeMilliseconds();
}
