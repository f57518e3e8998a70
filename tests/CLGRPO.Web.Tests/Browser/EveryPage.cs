using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>What holds for every page in both themes. CLGRPO_SCREENSHOTS names a folder for pictures of them.</summary>
public sealed class EveryPage(BrowserFixture site)
{
    private const string RunAxe =
        "async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })).violations"
        + ".map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ').slice(0, 600)}`)";

    public static TheoryData<string, string, bool> Pages { get; } = Combine();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_InBothThemesAndWidths_IsAccessibleAndWithoutErrors(string path, string theme, bool signedIn)
    {
        await using var visitor = signedIn ? await site.Admin(theme) : await site.Anonymous(theme);
        await visitor.Go(path);
        Assert.Equal(theme, await visitor.Page.EvaluateAsync<string>("() => document.documentElement.dataset.theme"));
        foreach (var width in Visitor.Widths)
        {
            await visitor.Resize(width);
            await RequireAccessible(visitor, $"{path.Trim('/').Replace('/', '-')}-{theme}-{width}");
        }
        // The page that says "not found" is one, with that status.
        Assert.DoesNotContain(
            visitor.Errors,
            error => path != "/not-here" || !error.Contains("404", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Theme_Switched_HoldsOnTheNextPageWithoutAFlash()
    {
        await using var visitor = await site.Admin("light");
        await visitor.Go("/");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Admin" }).ClickAsync();
        await visitor.Page.ReachAsync("**/admin");
        Assert.Equal("dark", await visitor.Page.EvaluateAsync<string>("() => document.documentElement.dataset.theme"));

        // The server itself sends the theme, before any script.
        var document = await (await visitor.Page.GotoAsync("/"))!.TextAsync();
        Assert.Contains("data-theme=\"dark\"", document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drawer_OnANarrowScreen_OpensAndCloses()
    {
        await using var visitor = await site.Admin(width: 400);
        await visitor.Go("/");
        var link = visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Admin" });
        await Assertions.Expect(link).ToBeHiddenAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Open navigation" }).ClickAsync();
        await link.ClickAsync();
        await visitor.Page.ReachAsync("**/admin");
        await Assertions.Expect(link).ToBeHiddenAsync();
        Assert.Empty(visitor.Errors);
    }

    /// <summary>Takes a picture of a page, and asks that it fits its width and that axe finds nothing.</summary>
    internal static async Task RequireAccessible(Visitor visitor, string name)
    {
        // When the circuit takes the page over, its title is written anew.
        await visitor.Page.WaitForFunctionAsync("() => document.title.length > 0");
        await TakePicture(visitor.Page, name);
        Assert.True(
            await visitor.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"),
            $"{name} scrolls sideways"
        );
        if (await visitor.Page.EvaluateAsync<bool>("() => window.axe === undefined"))
            await visitor.Page.EvaluateAsync(
                await File.ReadAllTextAsync(Checkout.Axe, TestContext.Current.CancellationToken)
            );
        Assert.Empty(await visitor.Page.EvaluateAsync<string[]>(RunAxe));
    }

    private static TheoryData<string, string, bool> Combine()
    {
        var all = new TheoryData<string, string, bool>();
        foreach (var theme in (string[])["light", "dark"])
        {
            all.Add("/", theme, true);
            all.Add("/recipes", theme, true);
            all.Add("/recipes/presets/nano-demo", theme, true);
            all.Add("/recipes/presets/nano-demo?stage=5", theme, true);
            all.Add("/recipes/own/not-here", theme, true);
            all.Add("/runs", theme, true);
            all.Add("/live", theme, true);
            all.Add("/construction", theme, true);
            all.Add("/construction/new", theme, true);
            all.Add("/construction/teachers", theme, true);
            all.Add("/construction/prompts", theme, true);
            all.Add("/construction/1", theme, true);
            all.Add("/review", theme, true);
            all.Add("/review/batches", theme, true);
            all.Add("/review/agreement", theme, true);
            all.Add("/review/conflicts", theme, true);
            all.Add("/review/guidelines", theme, true);
            all.Add("/playground", theme, true);
            all.Add("/admin", theme, true);
            all.Add("/password", theme, true);
            all.Add("/denied", theme, true);
            all.Add("/not-here", theme, true);
            all.Add("/login", theme, false);
            all.Add("/join", theme, false);
        }
        return all;
    }

    private static async Task TakePicture(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("CLGRPO_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(
                new()
                {
                    Path = Path.Combine(folder, $"{(name.StartsWith('-') ? "home" : "")}{name}.png"),
                    FullPage = true,
                }
            );
    }
}
