namespace CLGRPO.Web.Accounts;

/// <summary>Addresses to go back to after signing in: of this site only.</summary>
public static class LocalAddress
{
    /// <returns><paramref name="address"/> where it is a path of this site, else <paramref name="otherwise"/>.</returns>
    public static string Or(string? address, string otherwise) => IsLocal(address) ? address! : otherwise;

    // Browsers read a backslash as a slash and drop control characters; two slashes begin another host.
    private static bool IsLocal(string? address) =>
        address is ['/', ..]
        && address is not ['/', '/' or '\\', ..]
        && !address.Contains('\\')
        && !address.Any(char.IsControl)
        && !Uri.UnescapeDataString(address).StartsWith("//", StringComparison.Ordinal)
        && !Uri.UnescapeDataString(address).Contains('\\');
}
