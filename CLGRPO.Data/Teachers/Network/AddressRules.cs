using System.Net;
using System.Net.Sockets;

namespace CLGRPO.Data.Teachers.Network;

/// <summary>Addresses that are never connected to, whatever the allow-list says (A-SSRF-1).</summary>
/// <remarks>
/// Private addresses are not among them: a teacher of the lab usually has one, and the allow-list is the control. Sources: IANA's
/// special-purpose registries; clouds' documentation of their metadata services.
/// </remarks>
public static class AddressRules
{
    private static readonly (IPNetwork Network, string Reason)[] Denied =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "means 'this machine' or nothing at all"),
        (IPNetwork.Parse("169.254.0.0/16"), "is link-local, where clouds have their metadata service"),
        (IPNetwork.Parse("100.100.100.200/32"), "is a cloud's metadata service"),
        (IPNetwork.Parse("168.63.129.16/32"), "is a cloud's metadata service"),
        (IPNetwork.Parse("192.0.0.192/32"), "is a cloud's metadata service"),
        (IPNetwork.Parse("224.0.0.0/4"), "is multicast"),
        (IPNetwork.Parse("240.0.0.0/4"), "is reserved or broadcast"),
        (IPNetwork.Parse("::/128"), "means 'this machine' or nothing at all"),
        (IPNetwork.Parse("fe80::/10"), "is link-local"),
        (IPNetwork.Parse("fec0::/10"), "is site-local, which is withdrawn"),
        (IPNetwork.Parse("fd00:ec2::254/128"), "is a cloud's metadata service"),
        (IPNetwork.Parse("fd20:ce::254/128"), "is a cloud's metadata service"),
        (IPNetwork.Parse("ff00::/8"), "is multicast"),
    ];

    // Networks of IPv6 that carry an IPv4 address, and the byte at which it begins.
    private static readonly (IPNetwork Network, int Offset)[] Carriers =
    [
        (IPNetwork.Parse("::ffff:0:0/96"), 12), // mapped
        (IPNetwork.Parse("::/96"), 12), // compatible
        (IPNetwork.Parse("64:ff9b::/96"), 12), // NAT64
        (IPNetwork.Parse("2002::/16"), 2), // 6to4
    ];

    /// <returns>Why the address is never connected to; null where it may be.</returns>
    public static string? WhyDenied(IPAddress address)
    {
        foreach (var (network, reason) in Denied)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return $"the address {address} {reason}";
            }
        }
        return Carried(address) is { } four ? WhyDenied(four) : null;
    }

    /// <summary>Whether the address is this machine, also where IPv6 carries it.</summary>
    public static bool IsLoopback(IPAddress address) =>
        IPAddress.IsLoopback(address) || (Carried(address) is { } four && IPAddress.IsLoopback(four));

    private static IPAddress? Carried(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IPv6Loopback.Equals(address))
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out _);
        foreach (var (network, offset) in Carriers)
        {
            if (Starts(bytes, network))
            {
                return new IPAddress(bytes.Slice(offset, 4));
            }
        }
        return null;
    }

    // IPNetwork reads mapped addresses as IPv4, so the prefix is compared by hand; all are whole bytes long.
    private static bool Starts(ReadOnlySpan<byte> address, IPNetwork network)
    {
        Span<byte> prefix = stackalloc byte[16];
        _ = network.BaseAddress.TryWriteBytes(prefix, out _);
        return address[..(network.PrefixLength / 8)].SequenceEqual(prefix[..(network.PrefixLength / 8)]);
    }
}
