using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>Pages whose connection is lost, or that are too many.</summary>
public sealed class ConnectionJourneys(BrowserFixture site)
{
    private static readonly LocatorAssertionsToBeHiddenOptions Patient = new() { Timeout = 60_000 };

    [Fact]
    public async Task Network_CutAndMended_TellsAndGoesOnWhereThePageWas()
    {
        await using var wire = new Wire(site.Site.Address);
        await using var visitor = await Visitor.Open(site.Browser, wire.Address);
        await visitor.Page.GotoAsync("/login?returnUrl=/admin");
        await visitor.SignIn(BrowserFixture.AdminName, BrowserFixture.Password);
        await visitor.Ready();
        await visitor.Page.GetByLabel("Client").FillAsync("over-the-wire");
        var dialog = visitor.Page.Locator("#components-reconnect-modal");
        await Expect(dialog).ToBeHiddenAsync();

        wire.Cut();
        await Expect(dialog).ToBeVisibleAsync();
        await Expect(dialog).ToContainTextAsync("Connection lost");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Reload" }).First).ToBeVisibleAsync();
        wire.Mend();
        await Expect(dialog).ToBeHiddenAsync(Patient);

        // The same circuit: what was typed before is still known to the site.
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make a key" }).ClickAsync();
        await Expect(visitor.Page.GetByText("over-the-wire is ready.")).ToBeVisibleAsync();
    }

    [Fact]
    [Trait("Id", "A-BLZ-1")]
    public async Task Pages_MoreThanAPersonMayHave_SayWhatToDo()
    {
        using var folder = new TemporaryFolder();
        await using var small = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string> { ["Site__PagesPerPerson"] = "2" }
        );
        await using var visitor = await Visitor.Open(site.Browser, small.Address);
        await visitor.Join(await small.FirstAdminLink, "ada", BrowserFixture.Password);
        var second = await visitor.Context.NewPageAsync();
        var third = await visitor.Context.NewPageAsync();
        await second.GotoAsync("/");
        await Expect(second.Locator("[data-live] h1")).ToHaveTextAsync("Welcome to the lab");

        await third.GotoAsync("/admin");
        var heading = third.Locator("[data-live] h1");
        await Expect(heading).ToHaveTextAsync("You have 2 pages open already");
        await Expect(third.GetByRole(AriaRole.Button, new() { Name = "Make a link" })).ToHaveCountAsync(0);
        await second.CloseAsync();
        do
        {
            await third.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
            await heading.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        } while (await third.GetByRole(AriaRole.Button, new() { Name = "Try again" }).CountAsync() > 0);
        await Expect(third.GetByRole(AriaRole.Button, new() { Name = "Make a link" })).ToBeVisibleAsync();

        // Another person has places of their own.
        await third.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        await using var other = await Visitor.Open(site.Browser, small.Address);
        await other.Join(
            (await third.Locator("#invitation-link").TextContentAsync())!,
            "vera",
            BrowserFixture.Password
        );
        await Expect(other.Page.Locator("[data-live] h1")).ToHaveTextAsync("Welcome to the lab");
        Assert.Empty(visitor.Errors);
    }
}
