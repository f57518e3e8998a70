using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;

namespace CLGRPO.Data.Tests.Teachers.Network;

/// <summary>Hears of every connection that this process begins and every name that it looks up, whoever does it.</summary>
internal sealed class SocketSpy : EventListener
{
    private readonly ConcurrentQueue<string> _connects = new();
    private readonly ConcurrentQueue<string> _lookups = new();

    /// <summary>Socket addresses as the runtime writes them: family, size, then the bytes, of which the first two are the port.</summary>
    public bool HasConnectedTo(int port) =>
        _connects.Any(address => address.Contains($"{{{port >> 8},{port & 0xFF},", StringComparison.Ordinal));

    public bool HasConnectedTo(IPAddress address)
    {
        var bytes = string.Join(',', address.GetAddressBytes());
        return _connects.Any(connect => connect.Contains(bytes, StringComparison.Ordinal));
    }

    public bool HasLookedUp(string name) => _lookups.Contains(name, StringComparer.Ordinal);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name is "System.Net.Sockets" or "System.Net.NameResolution")
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "ConnectStart")
        {
            _connects.Enqueue((string)eventData.Payload![0]!);
        }
        else if (eventData.EventName == "ResolutionStart")
        {
            _lookups.Enqueue((string)eventData.Payload![0]!);
        }
    }
}
