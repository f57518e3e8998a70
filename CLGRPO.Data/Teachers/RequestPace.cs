namespace CLGRPO.Data.Teachers;

/// <summary>
/// Spreads requests evenly over a minute: a token bucket that holds the tokens of one second. A request that comes late does not
/// slow the following ones.
/// </summary>
/// <param name="perMinute">Requests a minute; null for no limit.</param>
/// <remarks>The generic cell rate algorithm: one moment in place of a counter and a timer.</remarks>
internal sealed class RequestPace(double? perMinute, TimeProvider time)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private readonly TimeSpan _interval = perMinute is { } rate ? TimeSpan.FromMinutes(1 / rate) : TimeSpan.Zero;
    private DateTimeOffset _next = DateTimeOffset.MinValue;

    /// <summary>Waits for its turn; turns are given in the order of the calls.</summary>
    public Task Wait(CancellationToken stop)
    {
        if (perMinute is null)
        {
            return Task.CompletedTask;
        }
        var wait = Reserve();
        return wait > TimeSpan.Zero ? Task.Delay(wait, time, stop) : Task.CompletedTask;
    }

    private TimeSpan Reserve()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            // Up to a second of unused turns may be made up for, never more than the interval allows afterwards.
            var earliest = _next == DateTimeOffset.MinValue ? now : now - Slack;
            var turn = _next > earliest ? _next : earliest;
            _next = turn + _interval;
            return turn - now;
        }
    }
}
