using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Compute;

/// <summary>Writes down every few seconds what the machine is at while a run trains.</summary>
internal sealed class SystemWatch : IDisposable
{
    /// <summary>Time between two samples.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly SystemSampler _sampler;
    private readonly SystemLog _log;
    private readonly ITimer _timer;
    private bool _ended;

    public SystemWatch(RunLock runLock, TimeProvider clock)
    {
        _clock = clock;
        _log = SystemLog.Open(runLock);
        _sampler = new SystemSampler(runLock.Run.Path, clock);
        _ = _sampler.Sample(); // what the first written one is measured against
        _timer = clock.CreateTimer(_ => Sample(), null, TimeSpan.FromSeconds(1), Every);
    }

    /// <summary>The last sample, however short the run was.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        Sample();
        lock (_gate)
        {
            _ended = true;
            _sampler.Dispose();
            _log.Dispose();
        }
    }

    // A full disk must not end a run through what is only looked at: the log has a gap instead.
    private void Sample()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            try
            {
                _log.Append(new SystemSample(_clock.GetUtcNow(), _sampler.Sample()));
            }
            catch (IOException) { }
            catch (UnauthorizedAccessException) { }
        }
    }
}
