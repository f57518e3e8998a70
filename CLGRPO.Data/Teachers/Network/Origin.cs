using System.Net;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers.Network;

/// <summary>Scheme, host and port: what an allow-list names and what an API key belongs to.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Host">A name in lower case, an IPv4 address in four decimal numbers, or an IPv6 address without brackets.</param>
public sealed record Origin(string Scheme, string Host, int Port)
{
    public static Origin Of(AllowedOrigin row) => new(row.Scheme, row.Host, row.Port);

    /// <summary>As in a URL, always with the port: <c>http://gpu-7:8000</c>, <c>http://[::1]:8000</c>.</summary>
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"{Scheme}://[{Host}]:{Port}" : $"{Scheme}://{Host}:{Port}";

    /// <summary>Whether the host is this machine by its own words.</summary>
    internal bool IsLoopback =>
        Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));
}
