using Microsoft.AspNetCore.SignalR;

namespace CLGRPO.Web.Live;

/// <summary>How many watch a run through the hub, told to all who joined it.</summary>
public sealed class LiveAudience(IHubContext<RolloutHub, IRolloutClient> hub)
{
    private readonly Dictionary<string, int> _watching = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public int Of(string run)
    {
        lock (_gate)
            return _watching.GetValueOrDefault(run);
    }

    /// <summary>One more, or one fewer.</summary>
    public Task Change(string run, int by)
    {
        int now;
        lock (_gate)
        {
            now = _watching.GetValueOrDefault(run) + by;
            if (now > 0)
                _watching[run] = now;
            else
                _watching.Remove(run);
        }
        return hub.Clients.Group(RolloutHub.GroupOf(run)).Watching(run, now);
    }
}
