using System.Net;
using System.Net.Sockets;

namespace CLGRPO.Data.Teachers.Network;

/// <summary>Finds the addresses of a name.</summary>
public delegate Task<IPAddress[]> NameResolver(string host, CancellationToken stop);

/// <summary>Opens a connection to an address.</summary>
public delegate ValueTask<Stream> AddressConnector(IPEndPoint address, CancellationToken stop);

/// <summary>
/// Makes HTTP handlers that reach one origin and nothing else: the address that is really connected to is checked, and what would
/// lead elsewhere (redirects, proxies) is off (A-SSRF-1, A-SSRF-2).
/// </summary>
/// <remarks>
/// A name is resolved once for each connection and the connection goes to the checked address itself, so a name that changes its
/// address in between gains nothing.
/// </remarks>
/// <param name="resolve">The system's resolver by default.</param>
/// <param name="connect">A TCP socket by default.</param>
public sealed class GuardedConnector(NameResolver? resolve = null, AddressConnector? connect = null)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private readonly NameResolver _resolve = resolve ?? Dns.GetHostAddressesAsync;
    private readonly AddressConnector _connect = connect ?? ConnectSocket;

    /// <summary>A handler that connects to the origin alone.</summary>
    public SocketsHttpHandler CreateHandler(Origin origin) =>
        new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PreAuthenticate = false,
            AutomaticDecompression = DecompressionMethods.None,
            // Trace headers would tell a stranger about us.
            ActivityHeadersPropagator = null,
            ConnectTimeout = ConnectTimeout,
            // Names are looked up anew from time to time.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 32, // KB
            MaxResponseDrainSize = 0,
            ConnectCallback = (context, stop) =>
                context.DnsEndPoint.Host == origin.Host && context.DnsEndPoint.Port == origin.Port
                    ? Connect(origin, stop)
                    : throw Forbidden(
                        origin,
                        $"the connection would go to {context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}"
                    ),
        };

    private async ValueTask<Stream> Connect(Origin origin, CancellationToken stop)
    {
        var addresses = await Resolve(origin, stop);
        foreach (var address in addresses)
        {
            Check(origin, address);
        }
        for (var i = 0; ; i++)
        {
            try
            {
                return await _connect(new IPEndPoint(addresses[i], origin.Port), stop);
            }
            catch (SocketException) when (i < addresses.Length - 1)
            {
                // The next address may answer.
            }
            catch (SocketException)
            {
                throw new TeacherException(
                    TeacherFault.ConnectionLost,
                    $"{origin} accepts no connection; is the server running?"
                );
            }
        }
    }

    private async Task<IPAddress[]> Resolve(Origin origin, CancellationToken stop)
    {
        if (IPAddress.TryParse(origin.Host, out var literal))
        {
            return [literal];
        }
        try
        {
            return await _resolve(origin.Host, stop) is { Length: > 0 } addresses ? addresses : throw Unknown(origin);
        }
        catch (SocketException)
        {
            throw Unknown(origin);
        }
    }

    // One bad address among several is reason enough: honest names have none.
    private static void Check(Origin origin, IPAddress address)
    {
        if (AddressRules.WhyDenied(address) is { } reason)
        {
            throw Forbidden(origin, reason);
        }
        if (AddressRules.IsLoopback(address) && !origin.IsLoopback)
        {
            throw Forbidden(origin, $"the name leads to {address}, this machine, without saying so");
        }
    }

    private static async ValueTask<Stream> ConnectSocket(IPEndPoint address, CancellationToken stop)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static TeacherException Unknown(Origin origin) =>
        new(
            TeacherFault.ConnectionLost,
            $"The name of {origin} has no address; check its spelling and the name server."
        );

    private static TeacherException Forbidden(Origin origin, string reason) =>
        new(TeacherFault.Forbidden, $"{origin} is not connected to: {reason}.");
}
