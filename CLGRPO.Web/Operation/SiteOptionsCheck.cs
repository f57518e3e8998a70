using System.Net;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Names every setting that cannot be, at start.</summary>
public sealed class SiteOptionsCheck(IConfiguration configuration) : IValidateOptions<SiteOptions>
{
    public ValidateOptionsResult Validate(string? name, SiteOptions options)
    {
        List<string> errors =
        [
            .. CheckText(nameof(options.Datasets), options.Datasets),
            .. CheckText(nameof(options.Runs), options.Runs),
            .. CheckText(nameof(options.State), options.State),
            .. CheckHosts(options.AllowedHosts),
            .. CheckRange(nameof(options.SignInsPerMinute), options.SignInsPerMinute, 1, 100_000),
            .. CheckRange(nameof(options.ApiRequestsPerMinute), options.ApiRequestsPerMinute, 1, 10_000_000),
            .. CheckRange(nameof(options.PagesPerPerson), options.PagesPerPerson, 1, 1000),
            .. CheckRange(nameof(options.HeaderSeconds), options.HeaderSeconds, 1, 600),
            .. CheckRange(nameof(options.IdleSeconds), options.IdleSeconds, 1, 3600),
            .. CheckRange(nameof(options.IdentityCheckSeconds), options.IdentityCheckSeconds, 1, 3600),
            .. CheckRange(nameof(options.MinFreeDiskMiB), options.MinFreeDiskMiB, 0, 1 << 30),
            .. CheckRange(nameof(options.ShutdownSeconds), options.ShutdownSeconds, 1, 600),
            .. CheckAddresses(options),
        ];
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static IEnumerable<string> CheckText(string name, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            yield return $"Site:{name} is empty; give a folder.";
    }

    private static IEnumerable<string> CheckRange(string name, int value, int low, int high)
    {
        if (value < low || value > high)
            yield return $"Site:{name} is {value}; it must be between {low} and {high}.";
    }

    private static IEnumerable<string> CheckHosts(string hosts)
    {
        var names = hosts.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0)
            yield return "Site:AllowedHosts is empty; name the hosts under which the site is called, such as localhost.";
        foreach (var host in names.Where(host => host is "*" or "0.0.0.0" or "[::]"))
            yield return $"Site:AllowedHosts holds '{host}', which lets any page in a browser reach the site; name the hosts.";
    }

    private IEnumerable<string> CheckAddresses(SiteOptions options)
    {
        foreach (var address in Addresses.Of(configuration))
        {
            if (
                !Uri.TryCreate(
                    address.Replace("://*", "://0.0.0.0").Replace("://+", "://0.0.0.0"),
                    UriKind.Absolute,
                    out var uri
                )
            )
            {
                yield return $"The address '{address}' (--urls) is none; give one such as {Addresses.Default}.";
            }
            else if (uri.Scheme != Uri.UriSchemeHttps && !IsLoopback(uri) && !options.AllowRemote)
            {
                yield return $"The address '{address}' is open to other machines without https. Use https, or set Site:AllowRemote=true "
                    + "when a proxy in front of the site does, and name its host in Site:AllowedHosts.";
            }
        }
    }

    private static bool IsLoopback(Uri uri) =>
        uri.IsLoopback || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}

/// <summary>Where the site listens: loopback, unless told otherwise.</summary>
public static class Addresses
{
    public const string Default = "http://localhost:5080";

    /// <summary>As ASP.NET Core reads them: urls, else the ports, else ours.</summary>
    public static IReadOnlyList<string> Of(IConfiguration configuration)
    {
        if (configuration["urls"] is { Length: > 0 } urls)
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var endpoints = configuration
            .GetSection("Kestrel:Endpoints")
            .GetChildren()
            .Select(e => e["Url"])
            .OfType<string>();
        List<string> all =
        [
            .. Ports("http", configuration["http_ports"]),
            .. Ports("https", configuration["https_ports"]),
            .. endpoints,
        ];
        return all.Count > 0 ? all : [Default];
    }

    private static IEnumerable<string> Ports(string scheme, string? ports) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"{scheme}://*:{port.Trim()}");
}
