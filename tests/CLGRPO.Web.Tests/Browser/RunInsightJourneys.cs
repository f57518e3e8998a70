using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>What explains a run, on the page of one that trains and whose completions are all cut off.</summary>
public sealed class RunInsightJourneys(BrowserFixture browser)
{
    private const string Post =
        "async ([url, body]) => { const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });"
        + " if (!answer.ok) throw new Error(await answer.text()); return (await answer.json()).id; }";

    [Fact]
    public async Task Run_WhileItTrains_ShowsFirstBatchMachineAndWarnings()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        var recipe = LabFolder
            .Recipe(sftSteps: 6, grpoSteps: 20_000)
            .Replace("max_completion_tokens: 12", "max_completion_tokens: 2", StringComparison.Ordinal);
        await visitor.Go("/runs");
        var id = await LabSite.Queue(visitor, recipe);
        await visitor.Go($"/runs/{id}");

        var batch = page.GetByRole(AriaRole.Region, new() { Name = "First batch, as the model sees it" });
        await Expect(batch.GetByText("1 of 8")).ToBeVisibleAsync(new() { Timeout = 180_000 });
        await batch.GetByLabel("Stage of the first batch").SelectOptionAsync("sft", new() { Timeout = 180_000 });
        await Expect(batch.Locator(".token.answer").First).ToHaveTextAsync("<answer>");
        await Expect(batch.Locator(".token.image").Nth(1)).ToContainTextAsync("<IMG_CONTEXT> ×");
        await batch.GetByRole(AriaRole.Button, new() { Name = "Next row" }).ClickAsync();
        await Expect(batch.GetByText("2 of 8")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync(
            "() => { const tile = document.querySelector('.model-tile img'); return tile.complete && tile.naturalWidth === 32; }"
        );

        var system = page.GetByRole(AriaRole.Region, new() { Name = "System" });
        await Expect(system.GetByText("system/process_memory_usage_megabytes")).ToBeVisibleAsync();
        await Expect(system.Locator(".sparkline path[d^='M0 ']").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Machine" })).ToContainTextAsync("%");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Runs 1 running" })).ToBeVisibleAsync();

        await Expect(page.Locator(".warning").First).ToBeVisibleAsync();
        await visitor.RequireAccessible("run-insight");

        var warning = page.GetByRole(AriaRole.Complementary, new() { Name = "Completions are cut off" });
        await Expect(warning).ToContainTextAsync("completions/clipped_ratio 1");
        await warning.GetByRole(AriaRole.Button, new() { Name = "Mute for this run" }).ClickAsync();
        await Expect(warning).ToHaveCountAsync(0);
        await visitor.Go($"/runs/{id}");
        await page.Locator(".warnings summary").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Unmute Completions are cut off" }).ClickAsync();
        await Expect(warning).ToBeVisibleAsync();

        await page.EvaluateAsync(Post, new object[] { $"/api/v1/runs/{id}/control", new { action = "abort" } });
        await Expect(warning).ToHaveCountAsync(0);
        await Expect(page.Locator(".lead .pill").First).ToContainTextAsync("aborted", new() { Timeout = 60_000 });
        Assert.Empty(visitor.Errors);
    }
}
