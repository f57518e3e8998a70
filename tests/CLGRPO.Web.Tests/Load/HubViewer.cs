using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace CLGRPO.Web.Tests.Load;

/// <summary>A viewer of a run at the hub, as light as can be: it takes what comes and, where asked to, notes how old it is.</summary>
internal sealed class HubViewer
{
    private const byte Separator = 0x1e;
    private readonly List<double> _ages = [];

    /// <summary>From sampled to received, milliseconds; of each message with tokens.</summary>
    public IReadOnlyList<double> Ages => _ages;

    public long Bytes { get; private set; }

    /// <summary>Watches until it is told to stop.</summary>
    public async Task WatchAsync(Uri site, string key, string run, bool measures, CancellationToken stop)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("x-api-key", key);
        await socket.ConnectAsync(new UriBuilder(site) { Scheme = "ws", Path = "/hubs/rollouts" }.Uri, stop);
        await SendAsync(socket, """{"protocol":"json","version":1}""", stop);
        await SendAsync(
            socket,
            JsonSerializer.Serialize(
                new
                {
                    type = 4,
                    invocationId = "1",
                    target = "Watch",
                    arguments = new[] { run },
                }
            ),
            stop
        );
        var buffer = new byte[1 << 16];
        var message = new MemoryStream();
        try
        {
            while (socket.State == WebSocketState.Open)
            {
                var part = await socket.ReceiveAsync(buffer, stop);
                Bytes += part.Count;
                if (!measures)
                    continue;
                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                    Measure(message);
            }
        }
        catch (OperationCanceledException)
        {
            // The window is over.
        }
    }

    private void Measure(MemoryStream message)
    {
        var now = (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds;
        foreach (var part in Split(message.GetBuffer().AsMemory(0, (int)message.Length)))
        {
            using var parsed = JsonDocument.Parse(part);
            if (!parsed.RootElement.TryGetProperty("item", out var frames))
                continue;
            foreach (var frame in frames.EnumerateArray())
            {
                if (frame.GetProperty("type").GetString() == "tokens")
                    _ages.Add(now - frame.GetProperty("time").GetInt64());
            }
        }
        message.SetLength(0);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Span.IndexOf(Separator) is >= 0 and var end)
        {
            yield return bytes[..end];
            bytes = bytes[(end + 1)..];
        }
    }

    private static Task SendAsync(ClientWebSocket socket, string text, CancellationToken stop) =>
        socket.SendAsync(
            Encoding.UTF8.GetBytes(text + (char)Separator),
            WebSocketMessageType.Text,
            endOfMessage: true,
            stop
        );
}
