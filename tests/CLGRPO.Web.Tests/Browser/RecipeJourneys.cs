using System.Text.Json;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A recipe from a preset to a run, in a browser over the real site.</summary>
public sealed class RecipeJourneys(BrowserFixture browser)
{
    [Fact]
    public async Task Preset_ChangedSavedPlannedStarted_BecomesARunThatCanBeCloned()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        var page = visitor.Page;

        await visitor.Go("/recipes");
        await page.GetByRole(AriaRole.Link, new() { Name = "nano-demo", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "stage-3", Exact = false }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("stage-3");

        // The upper bound moves the picture and what is written beside it.
        var high = page.GetByLabel("Upper bound", new() { Exact = true });
        await high.FillAsync("0.05");
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "rises up to a ratio of 1.05 and" }))
            .ToBeVisibleAsync();
        await Expect(page.GetByText("pushed up until it is 1.05 of the old one. Smaller than ε low: ClipLow."))
            .ToBeVisibleAsync();
        await Expect(page.Locator("#changes li")).ToHaveCountAsync(1);

        // One update per batch: the clip could not act. The field says so and knows a way out.
        await page.GetByLabel("Mini-batches", new() { Exact = true }).FillAsync("1");
        await page.GetByLabel("Passes", new() { Exact = true }).FillAsync("1");
        await Expect(page.Locator(".computed .bad")).ToContainTextAsync("must be above 1");
        await Expect(high).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Locator("#row-set-stages-3-epsilon_high .setting-error"))
            .ToContainTextAsync("the clip cannot act");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Start run" })).ToBeDisabledAsync();
        await visitor.RequireAccessible("recipe-wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set num_iterations to 2, U = 2" }).ClickAsync();
        await Expect(high).Not.ToHaveAttributeAsync("aria-invalid", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set mini_batches back to" }).ClickAsync();
        await Expect(page.Locator("#changes li")).ToHaveCountAsync(1);

        // What is typed and is no number stays where it is, with the reason.
        await page.GetByLabel("Group", new() { Exact = true }).FillAsync("many");
        await Expect(page.Locator("#row-set-stages-3-group_size .setting-error"))
            .ToContainTextAsync("'many' is not a whole number");
        await page.GetByLabel("Group", new() { Exact = true }).FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set group_size to 2" }).ClickAsync();
        await Expect(page.GetByLabel("Group", new() { Exact = true })).ToHaveValueAsync("2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set group_size back to" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await page.GetByLabel("What is new").FillAsync("a tighter upper bound");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save “nano-demo”" }).ClickAsync();
        await page.ReachAsync("**/recipes/own/nano-demo?stage=4");
        await Expect(page.Locator(".top .pill")).ToHaveTextAsync("v1");
        await Expect(page.Locator("#changes li")).ToHaveCountAsync(1);
        await Expect(page.Locator("#changes li")).ToContainTextAsync("stage-3.epsilon_high");

        await page.ReloadAsync();
        await visitor.Ready();
        await Expect(page.GetByLabel("Upper bound", new() { Exact = true })).ToHaveValueAsync("0.05");
        await Expect(page.Locator("#changes li")).ToHaveCountAsync(1);

        await page.GetByRole(AriaRole.Button, new() { Name = "Dry run" }).ClickAsync();
        await Expect(page.GetByText("All stages fit.")).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await visitor.RequireAccessible("recipe-stage");

        await page.GetByRole(AriaRole.Button, new() { Name = "Start run" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Queue the run" }).DblClickAsync();
        await page.ReachAsync("**/runs/nano-demo-*");
        var id = page.Url.Split('/')[^1];
        var runs = await Json(page, "/api/v1/runs");
        Assert.Equal(1, runs.GetProperty("total").GetInt32());
        Assert.Equal(id, runs.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal("nano-demo v1", runs.GetProperty("items")[0].GetProperty("note").GetString());

        await page.GetByRole(AriaRole.Link, new() { Name = "Recipe", Exact = true }).ClickAsync();
        await page.ReachAsync($"**/recipes/runs/{id}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Clone" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save “nano-demo-copy”" }).ClickAsync();
        await page.ReachAsync("**/recipes/own/nano-demo-copy");
        await page.GetByLabel("Compare with").SelectOptionAsync($"run:{id}");
        await Expect(page.Locator("#changes li")).ToHaveCountAsync(1);
        await Expect(page.Locator("#changes li")).ToContainTextAsync("name");
        await visitor.Go("/recipes");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "nano-demo-copy" })).ToBeVisibleAsync();
        await visitor.RequireAccessible("recipes-saved");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Yaml_PastedWrongAndRight_NamesTheLineOrTakesItsPlace()
    {
        await using var visitor = await browser.Admin();
        var page = visitor.Page;
        await visitor.Go("/recipes/presets/nano-demo");
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit", Exact = true }).ClickAsync();
        var text = page.GetByLabel("Recipe as YAML");
        var yaml = LabFolder.Recipe();

        await text.FillAsync(yaml.Replace("seed: 3", "sede: 3", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Use this text" }).ClickAsync();
        await Expect(page.GetByText("line 2: sede: unknown key. Did you mean 'seed'?")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("nano-demo");

        await text.FillAsync(yaml);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use this text" }).ClickAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("tiny");
        await page.GetByLabel("Seed", new() { Exact = true }).FillAsync("77");
        await Expect(page.Locator(".yaml-lines .changed", new() { HasText = "seed: 77" })).ToBeVisibleAsync();

        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync()
        );
        Assert.Equal("tiny.yaml", download.SuggestedFilename);
        var path = await download.PathAsync();
        var again = Training.Stages.RecipeReader.ReadFile(path);
        Assert.Equal(77, again.Seed);

        await page.Locator("input[type=file]")
            .SetInputFilesAsync(
                new FilePayload
                {
                    Name = "other.yaml",
                    MimeType = "application/yaml",
                    Buffer = System.Text.Encoding.UTF8.GetBytes(
                        yaml.Replace("seed: 3", "seed: 5", StringComparison.Ordinal)
                    ),
                }
            );
        await Expect(page.GetByLabel("Seed", new() { Exact = true })).ToHaveValueAsync("5");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Model_OutsideTheSitesFolder_CannotStartAndSaysWhy()
    {
        await using var visitor = await browser.Admin();
        await visitor.Go("/recipes/presets/internvl3-1b-emoset");
        await Expect(visitor.Page.Locator("#row-set-model-path .setting-error"))
            .ToContainTextAsync("Training:ModelsPath");
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Start run" })).ToBeDisabledAsync();
        Assert.Empty(visitor.Errors);
    }

    private static async Task<JsonElement> Json(IPage page, string url) =>
        JsonDocument
            .Parse(await page.EvaluateAsync<string>("async url => (await fetch(url)).text()", url))
            .RootElement.Clone();
}
