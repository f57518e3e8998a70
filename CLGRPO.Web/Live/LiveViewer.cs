using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Live;

/// <summary>
/// One who watches a run through the site. Frames wait in a bounded queue; when a viewer is too slow, what waits is dropped,
/// and what it gets next is a snapshot.
/// </summary>
internal sealed class LiveViewer(LiveRun run) : IDisposable
{
    private const int MostFrames = 256;
    private readonly SemaphoreSlim _news = new(1, 1); // a snapshot is there at once
    private List<LiveFrame> _waiting = [];
    private bool _isBehind = true;
    private long _dropped;

    /// <summary>What came since the last time, or a snapshot; waits until there is something.</summary>
    public async Task<IReadOnlyList<LiveFrame>> NextAsync(CancellationToken stop)
    {
        await _news.WaitAsync(stop);
        lock (run.Gate)
        {
            var frames = _isBehind ? [run.Snapshot(_dropped)] : _waiting;
            (_waiting, _isBehind, _dropped) = ([], false, 0);
            return frames;
        }
    }

    /// <summary>Queues a frame that the run's view has taken in. Called under the run's gate; never waits.</summary>
    public void Offer(LiveFrame frame)
    {
        if (!_isBehind && frame.Type != LiveFrameType.Snapshot && _waiting.Count < MostFrames)
            _waiting.Add(frame);
        else
        {
            _dropped += _waiting.Count + (frame.Dropped ?? (frame.Type == LiveFrameType.Snapshot ? 0 : 1));
            _waiting.Clear();
            _isBehind = true;
        }
        if (_news.CurrentCount == 0)
            _news.Release();
    }

    public void Dispose()
    {
        run.Leave(this);
        _news.Dispose();
    }
}
