using System.Diagnostics;
using CLGRPO.Data.Runs;
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
        await using var trainer = new Trainer(lab);
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await visitor.Join(await site.FirstAdminLink, "ada", BrowserFixture.Password);
        var page = visitor.Page;
        var recipe = LabFolder
            .Recipe(sftSteps: 6, grpoSteps: 20_000)
            .Replace("max_completion_tokens: 12", "max_completion_tokens: 2", StringComparison.Ordinal);
        var id = await page.EvaluateAsync<string>(Post, new object[] { "/api/v1/runs", new { recipe } });
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

        var session = await visitor.Context.StorageStateAsync();
        foreach (var theme in (string[])["light", "dark"])
        foreach (var width in (int[])[1440, 400])
        {
            await using var other = await Visitor.Open(browser.Browser, site.Address, theme, width, session);
            await other.Go($"/runs/{id}");
            await Expect(other.Page.Locator(".warning").First).ToBeVisibleAsync();
            await EveryPage.RequireAccessible(other, $"run-insight-{theme}-{width}");
            Assert.Empty(other.Errors);
        }

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

    /// <summary>The process that trains outlives the site: it ends before its folder goes, however the test ends.</summary>
    private sealed class Trainer(LabFolder lab) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var run in Directory.GetDirectories(lab.Runs).Select(RunDirectory.Open))
            {
                RunControl.Write(run, RunCommand.Abort);
                if (RunLock.Writer(run) is not { } writer)
                    continue;
                using var process = Process.GetProcessById(writer.ProcessId);
                process.Kill();
                await process.WaitForExitAsync();
            }
        }
    }
}
