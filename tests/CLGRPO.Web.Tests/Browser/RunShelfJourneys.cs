using System.Text.RegularExpressions;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>Runs that have ended, put away, brought back and deleted in a browser.</summary>
public sealed partial class RunShelfJourneys(BrowserFixture browser)
{
    private static readonly LocatorAssertionsToContainTextOptions UntilDone = new() { Timeout = 180_000 };

    [Fact]
    public async Task Runs_ArchivedBroughtBackAndDeleted_LeaveTheListsThenTheDisk()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/runs");
        var rows = page.Locator(".runs tbody tr");
        var ids = new string[3];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = await LabSite.Queue(visitor, LabFolder.Recipe(sftSteps: 4, grpoSteps: 2));
        foreach (var id in ids)
            await Expect(rows.Filter(new() { HasText = id })).ToContainTextAsync("completed", UntilDone);

        // A filter is kept under a name.
        await page.GetByLabel("Find runs").FillAsync(ids[2]);
        await Expect(rows).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save this view" }).ClickAsync();
        await page.GetByLabel("Name of the view").FillAsync("the last");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("[aria-label=Views] [aria-current]")).ToHaveTextAsync("the last");
        await visitor.Go("/runs");
        await Expect(rows).ToHaveCountAsync(3);
        await page.GetByRole(AriaRole.Link, new() { Name = "the last", Exact = true }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete this view" }).ClickAsync();
        await visitor.Go("/runs");

        // Two that were chosen in the list, on a phone, are compared; then they go together.
        await visitor.Resize(Visitor.Widths[1]);
        await Choose(page, ids[1], ids[2]);
        await visitor.RequireAccessible("runs-chosen");
        await visitor.Resize(Visitor.Widths[1]);
        await Bar(page).GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await page.ReachAsync("**/compare?**");
        await visitor.Go("/runs");
        await Choose(page, ids[1], ids[2]);
        await Bar(page).GetByRole(AriaRole.Button, new() { NameRegex = Archive() }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(1);
        await visitor.Resize(Visitor.Widths[0]);
        await Expect(Bar(page)).ToHaveCountAsync(0);
        await RequireOnly(visitor, "/", page.Locator("[aria-labelledby=recent-runs]"), ids);
        await RequireOnly(visitor, "/live", page.Locator(".page"), ids);
        await RequireOnly(visitor, "/playground", page.Locator(".page"), ids);
        await visitor.Go("/evaluations");
        await page.GetByRole(AriaRole.Button, new() { Name = "New evaluation" }).First.ClickAsync();
        await Expect(page.Locator(".new-evaluation-run")).ToHaveCountAsync(1);
        await Expect(page.Locator(".new-evaluation-run")).ToContainTextAsync(ids[0]);

        // One of them comes back, on its own page.
        await visitor.Go("/runs?view=archived");
        await Expect(rows).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Link, new() { Name = ids[1], Exact = true }).ClickAsync();
        await Expect(page.Locator(".lead")).ToContainTextAsync("archived");
        await Top(page, "Bring back").ClickAsync();
        await Expect(Top(page, "Archive")).ToBeVisibleAsync();

        // Its deletion is offered as an archiving first, and wants its name.
        await Top(page, "Delete").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var sure = dialog.GetByRole(AriaRole.Button, new() { Name = "Delete the run" });
        await Expect(dialog).ToContainTextAsync("checkpoints");
        await Expect(sure).ToBeDisabledAsync();
        await dialog.GetByLabel("To confirm").FillAsync(ids[0]);
        await Expect(sure).ToBeDisabledAsync();
        await visitor.RequireAccessible("run-delete");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Archive instead" }).ClickAsync();
        await Expect(page.Locator(".lead")).ToContainTextAsync("archived");
        Assert.True(Directory.Exists(Path.Combine(site.Lab.Runs, ids[1])));
        await Top(page, "Delete").ClickAsync();
        await dialog.GetByLabel("To confirm").FillAsync(ids[1]);
        await sure.ClickAsync();
        await page.ReachAsync("**/runs");
        Assert.False(Directory.Exists(Path.Combine(site.Lab.Runs, ids[1])));

        // Those that are left, from the list.
        await Choose(page, ids[0]);
        await Bar(page).GetByRole(AriaRole.Button, new() { NameRegex = Archive() }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(0);
        await visitor.Go("/runs?view=archived");
        await Choose(page, ids[0], ids[2]);
        await EveryPage.RequireAccessible(visitor, "runs-archived-light-1440");
        await Bar(page).GetByRole(AriaRole.Button, new() { NameRegex = Delete() }).ClickAsync();
        await dialog.GetByLabel("To confirm").FillAsync("delete 2 runs");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete 2 runs" }).ClickAsync();
        await Expect(page.GetByText("No run yet")).ToBeVisibleAsync();
        Assert.Empty(Directory.EnumerateDirectories(site.Lab.Runs));
        Assert.Empty(visitor.Errors);
    }

    private static async Task Choose(IPage page, params string[] ids)
    {
        foreach (var id in ids)
            await page.GetByLabel($"Choose {id}", new() { Exact = true }).CheckAsync();
    }

    /// <summary>A place names the first run and none of those that were put away.</summary>
    private static async Task RequireOnly(Visitor visitor, string path, ILocator place, string[] ids)
    {
        await visitor.Go(path);
        await Expect(place).ToContainTextAsync(ids[0]);
        foreach (var id in ids[1..])
            await Expect(place).Not.ToContainTextAsync(id);
    }

    private static ILocator Bar(IPage page) => page.GetByRole(AriaRole.Region, new() { Name = "Chosen runs" });

    private static ILocator Top(IPage page, string what) =>
        page.Locator(".top").GetByRole(AriaRole.Button, new() { Name = what });

    [GeneratedRegex("^Archive ", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Archive();

    [GeneratedRegex("^Delete ", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Delete();
}
