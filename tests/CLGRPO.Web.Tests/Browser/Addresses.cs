using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>Where a page is.</summary>
internal static class Addresses
{
    private static readonly PageAssertionsToHaveURLOptions Limit = new() { Timeout = 60_000 };

    /// <summary>
    /// Waits until the page's address is of this form: ** stands for anything, * for anything but a slash. Playwright's own wait looks for a
    /// navigation, and misses one that a redirection within the page has replaced meanwhile; this one looks where the page is.
    /// </summary>
    public static Task ReachAsync(this IPage page, string form)
    {
        var pattern = Regex.Escape(form).Replace(@"\*\*", ".*", StringComparison.Ordinal);
        pattern = pattern.Replace(@"\*", "[^/]*", StringComparison.Ordinal);
        return Assertions
            .Expect(page)
            .ToHaveURLAsync(new Regex($"^{pattern}$", RegexOptions.None, TimeSpan.FromSeconds(1)), Limit);
    }
}
