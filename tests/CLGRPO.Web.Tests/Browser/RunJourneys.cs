using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A run of a real trainer, watched in a browser.</summary>
public sealed class RunJourneys(BrowserFixture browser)
{
    private static readonly LocatorAssertionsToContainTextOptions UntilDone = new() { Timeout = 180_000 };

    [Fact]
    public async Task Run_StartedAndWatched_GoesFromRunningToDone()
    {
        using var lab = new LabFolder();
        using var folder = new TemporaryFolder();
        await using var site = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = lab.Runs,
                ["Site__Datasets"] = lab.Datasets,
                ["Training__Device"] = "cpu",
                ["Training__Workers"] = "1",
            }
        );
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await visitor.Join(await site.FirstAdminLink, "ada", BrowserFixture.Password);
        await visitor.Go("/runs");
        await Expect(visitor.Page.GetByText("No run yet")).ToBeVisibleAsync();

        var id = await visitor.Page.EvaluateAsync<string>(
            "async recipe => { const answer = await fetch('/api/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ recipe }) });"
                + " if (!answer.ok) throw new Error(await answer.text()); return (await answer.json()).id; }",
            LabFolder.Recipe(sftSteps: 60, grpoSteps: 4)
        );
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = id }).ClickAsync();
        var state = visitor.Page.Locator(".lead .pill").First;
        await Expect(state).ToContainTextAsync("running", UntilDone);
        await Expect(state).ToContainTextAsync("completed", UntilDone);
        await Expect(visitor.Page.Locator(".stages .done")).ToHaveCountAsync(2);
        await Expect(visitor.Page.Locator(".chart canvas").First).ToBeVisibleAsync();
        await Expect(visitor.Page.GetByText("end of grpo")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);

        var session = await visitor.Context.StorageStateAsync();
        foreach (var path in (string[])["/runs", $"/runs/{id}"])
        foreach (var theme in (string[])["light", "dark"])
        foreach (var width in (int[])[1440, 400])
        {
            await using var other = await Visitor.Open(browser.Browser, site.Address, theme, width, session);
            await other.Go(path);
            if (path != "/runs")
                await Expect(other.Page.Locator(".chart canvas").First).ToBeVisibleAsync();
            await EveryPage.RequireAccessible(other, $"{(path == "/runs" ? "runs" : "run")}-{theme}-{width}");
        }
    }
}
