using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>What a newcomer meets: <c>make up</c> on a machine that has nothing yet.</summary>
public sealed class UpJourneys(BrowserFixture browser)
{
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 180_000 };

    [Fact]
    public async Task Up_NothingThere_ShowsTheDemonstrationTrainToItsFirstCheckpoint()
    {
        using var folder = new TemporaryFolder();
        await using var site = await SiteProcess.Up(folder.Path, Settings);
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await visitor.Join(await site.FirstAdminLink, "ada", BrowserFixture.Password);
        var page = visitor.Page;
        try
        {
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
                .ToHaveTextAsync("A small model is learning to reason");
            await Expect(page.Locator("[aria-labelledby=data-sets]")).ToContainTextAsync("emoscenes");
            var going = page.Locator("[aria-labelledby=going-run]");
            await Expect(going).ToContainTextAsync("running", Patient);
            await Expect(going).ToContainTextAsync("first checkpoint" + "in about ", Patient);
            await EveryPage.RequireAccessible(visitor, "home-going-light-1440");
            await Expect(going).ToContainTextAsync("is there", Patient);

            await going.GetByRole(AriaRole.Link).First.ClickAsync();
            await Expect(page.Locator(".lead .pill").First).ToContainTextAsync("running");
            await Expect(page.GetByText("started by the site")).ToBeVisibleAsync();
            await Expect(page.Locator("[aria-labelledby=checkpoints]")).ToContainTextAsync("step-", Patient);
            await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).First.ClickAsync();
            await Expect(page.Locator(".lead .pill").First).ToContainTextAsync("stopped", Patient);
        }
        finally
        {
            foreach (var run in Directory.EnumerateDirectories(Path.Combine(folder.Path, "runs")))
                RunControl.Write(RunDirectory.Open(run), RunCommand.Abort);
        }
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Up_WithARunAlreadyOrAskedNotTo_QueuesNone()
    {
        using var folder = new TemporaryFolder();
        var runs = Path.Combine(folder.Path, "runs");
        await using (
            await SiteProcess.Up(
                folder.Path,
                new Dictionary<string, string>(Settings, StringComparer.Ordinal) { ["Training__DemoRecipe"] = "" }
            )
        )
            Assert.Empty(Directory.EnumerateDirectories(runs));
        RunDirectory.Create(Path.Combine(runs, "mine"), CLGRPO.Web.Tests.Runs.LabFolder.Recipe(), null);
        await using (await SiteProcess.Up(folder.Path, Settings))
            Assert.Equal("mine", Path.GetFileName(Directory.EnumerateDirectories(runs).Single()));
    }

    [Fact]
    public async Task Start_DemoRecipeThatIsNone_IsRefusedWithItsName()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = await SiteProcess.StartRefused(
            folder.Path,
            new Dictionary<string, string> { ["Training__DemoRecipe"] = "nowhere.yaml" },
            "http://127.0.0.1:0"
        );
        Assert.Equal(1, code);
        Assert.Contains("Training:DemoRecipe", output, StringComparison.Ordinal);
        Assert.Contains("nowhere.yaml", output, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings { get; } =
        new(StringComparer.Ordinal) { ["Training__Device"] = "cpu", ["Training__Workers"] = "2" };
}
