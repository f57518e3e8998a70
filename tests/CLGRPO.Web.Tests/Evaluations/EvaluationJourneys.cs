using System.Text.Json;
using CLGRPO.Web.Tests.Browser;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Evaluations;

/// <summary>Checkpoints of a real run, evaluated on the site and looked at in a browser.</summary>
public sealed class EvaluationJourneys(BrowserFixture browser)
{
    private const string Post =
        "async ([path, body]) => { const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });"
        + " return [answer.status, await answer.text()]; }";
    private const string Get =
        "async path => { const answer = await fetch(path); return [answer.status, await answer.text()]; }";
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 240_000 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Evaluation_OfAllStages_FillsTheTableAndSurvivesTheSite()
    {
        using var lab = new LabFolder();
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Site__Runs"] = lab.Runs,
            ["Site__Datasets"] = lab.Datasets,
            ["Training__Device"] = "cpu",
            ["Training__Workers"] = "1",
        };
        string session;
        string address;
        string ablations;
        await using (var site = await SiteProcess.Start(folder.Path, settings))
        {
            await using var visitor = await Visitor.Open(browser.Browser, site.Address);
            await visitor.Join(await site.FirstAdminLink, "ada", BrowserFixture.Password);
            await visitor.Go("/evaluations");
            await Expect(visitor.Page.GetByText("No evaluation yet")).ToBeVisibleAsync();
            await Train(visitor);

            await visitor.Go("/evaluations");
            await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "New evaluation" }).ClickAsync();
            await Expect(visitor.Page.GetByLabel("Name")).ToHaveValueAsync("tiny table");
            await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Evaluate 2 checkpoints" }).ClickAsync();
            await visitor.Page.ReachAsync("**/evaluations/tiny-table-*");
            await Expect(visitor.Page.Locator(".lead .pill").First).ToContainTextAsync("complete", Patient);
            address = new Uri(visitor.Page.Url).AbsolutePath;
            await LookAt(visitor);
            await Refused(visitor, lab);
            ablations = await Ablations(visitor);
            Assert.Empty(visitor.Errors);
            session = await visitor.Context.StorageStateAsync();
            await site.Kill();
        }

        await using var next = await SiteProcess.Start(folder.Path, settings);
        foreach (var theme in (string[])["light", "dark"])
        foreach (var width in (int[])[1440, 400])
        {
            await using var other = await Visitor.Open(browser.Browser, next.Address, theme, width, session);
            foreach (
                var (path, name) in new[]
                {
                    ("/evaluations", "evaluations"),
                    (address, "evaluation"),
                    (ablations, "evaluation-ablations"),
                }
            )
            {
                await other.Go(path);
                await Expect(other.Page.GetByText("complete").First).ToBeVisibleAsync();
                await EveryPage.RequireAccessible(other, $"{name}-{theme}-{width}");
            }
            Assert.Empty(other.Errors);
        }
    }

    private static async Task Train(Visitor visitor)
    {
        var (status, text) = await Ask(
            visitor,
            Post,
            new object[] { "/api/v1/runs", new { recipe = LabFolder.Recipe(sftSteps: 40, grpoSteps: 3) } }
        );
        Assert.True(status == 201, text);
        using var run = JsonDocument.Parse(text);
        await visitor.Go($"/runs/{run.RootElement.GetProperty("id").GetString()}");
        await Expect(visitor.Page.Locator(".lead .pill").First).ToContainTextAsync("completed", Patient);
    }

    private static async Task LookAt(Visitor visitor)
    {
        var page = visitor.Page;
        var rows = page.Locator(".main-table tbody tr");
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(rows.Nth(1).Locator("[aria-label$='as B']")).ToHaveAttributeAsync("aria-pressed", "true");

        // The table on the page is the one that programs get.
        var id = new Uri(page.Url).Segments[^1];
        var (_, json) = await Ask(visitor, Get, $"/api/v1/evaluations/{id}/table");
        using var table = JsonDocument.Parse(json);
        var accuracy = table
            .RootElement.GetProperty("rows")[1]
            .GetProperty("scores")
            .GetProperty("accuracy")
            .GetDouble();
        await Expect(rows.Nth(1)).ToContainTextAsync((100 * accuracy).ToString("0.00"));

        // What it says of an image is what the other side of the REST says.
        var (status, worst) = await Ask(
            visitor,
            Get,
            $"/api/v1/evaluations/{id}/answers?first=0&second=1&choice=worst&limit=1"
        );
        Assert.True(status == 200, worst);
        using var answers = JsonDocument.Parse(worst);
        var first = answers.RootElement.GetProperty("items")[0];
        await page.Locator("[aria-label='Worst images'] button").First.ClickAsync();
        await Expect(page.Locator("[aria-labelledby='side-by-side']"))
            .ToContainTextAsync(first.GetProperty("sample").GetString()!);

        // Compared the other way round, the gain changes its sign.
        await page.GetByRole(AriaRole.Button, new() { Name = "as A" }).Nth(1).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "as B" }).Nth(0).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "sft minus grpo" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Markdown" }).ClickAsync();
        await Expect(page.Locator("#export-text")).ToContainTextAsync("| grpo |");
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync()
        );
        var markdown = await File.ReadAllTextAsync(await download.PathAsync(), Stop);
        Assert.Equal(await page.Locator("#export-text").TextContentAsync(), markdown);
    }

    /// <summary>The second stage as an ablation, of a few images: a group of its own.</summary>
    /// <returns>The evaluation's address.</returns>
    private static async Task<string> Ablations(Visitor visitor)
    {
        var page = visitor.Page;
        await visitor.Go("/evaluations");
        await page.GetByRole(AriaRole.Button, new() { Name = "New evaluation" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("with ablations");
        await page.GetByLabel("Only the first").FillAsync("8");
        await page.GetByLabel("ablation: grpo").CheckAsync();
        await EveryPage.RequireAccessible(visitor, "evaluation-new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Evaluate 2 checkpoints" }).ClickAsync();
        await page.ReachAsync("**/evaluations/with-ablations-*");
        await Expect(page.Locator(".lead .pill").First).ToContainTextAsync("complete", Patient);
        var rows = page.Locator(".main-table tbody tr");
        await Expect(rows).ToHaveCountAsync(3);
        await Expect(rows.Nth(0)).ToContainTextAsync("labels only");
        await Expect(rows.Nth(1)).ToContainTextAsync("Ablations, each the method with one thing changed");
        await Expect(rows.Nth(2)).ToContainTextAsync("3 GRPO steps, ε 0.2 / 0.2, from sft");
        await Expect(page.Locator("#export-text")).ToContainTextAsync(@"\emph{Ablations}");
        var link = page.GetByRole(AriaRole.Link, new() { Name = "Open in playground" });
        Assert.Matches(
            "^playground\\?picture=[0-9a-f]{64}(&model=[^&]+){2}$",
            await link.First.GetAttributeAsync("href")
        );
        return new Uri(page.Url).AbsolutePath;
    }

    private static async Task Refused(Visitor visitor, LabFolder lab)
    {
        var known = Directory.GetDirectories(lab.Runs).Select(Path.GetFileName).First();
        foreach (
            var (dataset, split, model, why) in new[]
            {
                ("nothing", "test", $"{known}/step-0000001", "no frozen version of a data set 'nothing'"),
                ("emoscenes", "all", $"{known}/step-0000001", "split is 'all'"),
                ("emoscenes", "test", "../../etc/passwd", "There is no checkpoint"),
                ("emoscenes", "test", known!, "There is no checkpoint"), // the newest one is another tomorrow
            }
        )
        {
            var order = new
            {
                name = "no",
                dataset,
                split,
                checkpoints = new[] { new { model } },
            };
            // Not from the page, whose console would note each refusal.
            var origin = new Uri(visitor.Page.Url).GetLeftPart(UriPartial.Authority);
            var answer = await visitor.Context.APIRequest.PostAsync(
                $"{origin}/api/v1/evaluations",
                new()
                {
                    DataObject = order,
                    Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Origin"] = origin },
                }
            );
            using var problem = JsonDocument.Parse(await answer.TextAsync());
            Assert.Equal(400, answer.Status);
            Assert.Contains(why, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private static async Task<(int Status, string Text)> Ask(Visitor visitor, string script, object argument)
    {
        var answer = await visitor.Page.EvaluateAsync<JsonElement>(script, argument);
        return (answer[0].GetInt32(), answer[1].GetString()!);
    }
}
