using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CLGRPO.Data.Teachers.Network;

/// <summary>The base URL of an OpenAI-compatible endpoint, such as <c>http://gpu-7:8000/v1</c>.</summary>
/// <param name="Origin">Who is connected to.</param>
/// <param name="Path">Begins with a slash and ends without one, or is empty.</param>
/// <remarks>
/// One spelling for each address (A-SSRF-1): what another program might read differently is refused, not repaired. So no user name,
/// backslash, escape, query, trailing dot, foreign letters, or numbers that are an address in disguise (127.1, 0x7f000001).
/// </remarks>
public sealed record TeacherEndpoint(Origin Origin, string Path)
{
    private const int MaxLength = 512;
    private const int WebPort = 80;
    private const int SecureWebPort = 443;
    private const int FirstFreePort = 1024;

    // By these names clouds hand out credentials to whoever asks from inside.
    private static readonly HashSet<string> MetadataNames = new(StringComparer.Ordinal)
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.azure.internal",
        "metadata.internal",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.tencentyun.com",
        "metadata.platformequinix.com",
    };

    /// <summary>Where chats are asked for.</summary>
    public Uri ChatCompletions => UriOf($"{Origin}{Path}/chat/completions");

    /// <exception cref="ArgumentException">The text is not such a URL; the message says what is wrong.</exception>
    public static TeacherEndpoint Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw Wrong(text[..64] + "…", $"it is longer than {MaxLength} characters");
        }
        var (scheme, rest) = SplitScheme(text);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (authority, path) = slash < 0 ? (rest, "") : (rest[..slash], rest[slash..].TrimEnd('/'));
        CheckPath(text, path);
        var (host, port) = SplitPort(text, authority, scheme);
        var endpoint = new TeacherEndpoint(new Origin(scheme, HostOf(text, host), port), path);
        _ = endpoint.ChatCompletions;
        return endpoint;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Origin}{Path}";

    private static (string Scheme, string Tail) SplitScheme(string text) =>
        text.StartsWith("https://", StringComparison.Ordinal) ? ("https", text[8..])
        : text.StartsWith("http://", StringComparison.Ordinal) ? ("http", text[7..])
        : throw Wrong(text, "it does not begin with http:// or https://");

    private static void CheckPath(string text, string path)
    {
        foreach (var c in path)
        {
            if (!(char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '~' or '-'))
            {
                throw Wrong(text, "its path holds more than letters, digits, '/', '.', '_', '~' and '-'");
            }
        }
        if (path.Split('/').Any(part => part is "." or "..") || path.Contains("//", StringComparison.Ordinal))
        {
            throw Wrong(text, "its path goes up or has an empty part");
        }
    }

    private static (string Host, int Port) SplitPort(string text, string authority, string scheme)
    {
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            throw Wrong(text, "it holds a user name; a key is entered separately");
        }
        var colon = authority.StartsWith('[')
            ? authority.IndexOf("]:", StringComparison.Ordinal) + 1
            : authority.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            return (authority, scheme == "https" ? SecureWebPort : WebPort);
        }
        var digits = authority[(colon + 1)..];
        if (
            !ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port == 0
            || digits[0] == '0'
        )
        {
            throw Wrong(text, "its port is not a number from 1 to 65535");
        }
        if (port < FirstFreePort && port is not (WebPort or SecureWebPort))
        {
            throw Wrong(text, $"port {port} belongs to another service; use 80, 443 or one from {FirstFreePort} on");
        }
        return (authority[..colon], port);
    }

    private static string HostOf(string text, string host)
    {
        if (host.StartsWith('['))
        {
            return host.EndsWith(']') ? SixOf(text, host[1..^1]) : throw Wrong(text, "its bracket does not close");
        }
        var labels = host.Split('.');
        if (host.Length > 253 || !labels.All(IsLabel))
        {
            throw Wrong(
                text,
                "its host is no name of lower-case letters, digits and hyphens with single dots inside (an international name is written in its xn-- form)"
            );
        }
        if (MetadataNames.Contains(host))
        {
            throw Wrong(text, $"'{host}' is a cloud's metadata service");
        }
        // A last label that begins with a digit makes resolvers read the whole as a number.
        return !char.IsAsciiDigit(labels[^1][0]) ? host : FourOf(text, host);
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label[0] != '-'
        && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static string FourOf(string text, string host) =>
        IPAddress.TryParse(host, out var address)
        && address.AddressFamily == AddressFamily.InterNetwork
        && address.ToString() == host
            ? Allowed(text, address)
            : throw Wrong(text, "its host is a number that is no IPv4 address of four plain decimal numbers");

    private static string SixOf(string text, string host)
    {
        if (
            !host.All(c => char.IsAsciiHexDigit(c) || c == ':')
            || !IPAddress.TryParse(host, out var address)
            || address.AddressFamily != AddressFamily.InterNetworkV6
        )
        {
            throw Wrong(text, "its host is no plain IPv6 address");
        }
        return address.IsIPv4MappedToIPv6
            ? throw Wrong(text, "its host is an IPv4 address in IPv6 form; write the IPv4 address")
            : Allowed(text, address);
    }

    private static string Allowed(string text, IPAddress address) =>
        AddressRules.WhyDenied(address) is { } reason ? throw Wrong(text, reason) : address.ToString();

    // The library that connects must have read the same host and port as this class has.
    private Uri UriOf(string url)
    {
        var uri = new Uri(url, UriKind.Absolute);
        return uri.IdnHost.Trim('[', ']') == Origin.Host && uri.Port == Origin.Port && uri.Scheme == Origin.Scheme
            ? uri
            : throw Wrong(url, "its host can be read in two ways");
    }

    private static ArgumentException Wrong(string text, string why) =>
        new($"'{Printable(text)}' is no endpoint: {why}. It should look like https://api.example.org/v1.");

    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
