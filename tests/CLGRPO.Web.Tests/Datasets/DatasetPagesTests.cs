using System.Text.RegularExpressions;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>The pages of the data sets as a person meets them.</summary>
[Collection(nameof(DatasetSite))]
public sealed class DatasetPagesTests(DatasetSite site)
{
    public static TheoryData<string, string> Pages { get; } = Combine();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_InBothThemesAndWidths_IsAccessibleAndWithoutErrors(string path, string theme)
    {
        foreach (var width in (int[])[1440, 400])
        {
            await using var visitor = await site.Admin(theme, width);
            await visitor.Go(path.Replace("{id}", $"{site.Dataset}").Replace("{sample}", $"{site.Storied}"));
            await Expect(visitor.Page.Locator("main h1:not(.faint)")).ToHaveCountAsync(1);
            if (path == "/datasets/{id}")
                await Expect(visitor.Page.Locator(".tile a img").First).ToBeVisibleAsync();
            await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await EveryPage.RequireAccessible(visitor, $"{path.Trim('/').Replace('/', '-')}-{theme}-{width}");
            Assert.Empty(visitor.Errors);
        }
    }

    [Theory]
    [InlineData("light", 1440)]
    [InlineData("dark", 400)]
    public async Task ViewExport_Open_IsAccessible(string theme, int width)
    {
        await using var visitor = await site.Admin(theme, width);
        await visitor.Go($"/datasets/{site.Dataset}?label=awe");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Export this view" }).ClickAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Export the view" })).ToBeEnabledAsync();
        await EveryPage.RequireAccessible(visitor, $"datasets-view-export-{theme}-{width}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Images_FilteredByClassReviewAndText_CountAndAddressFollow()
    {
        await using var visitor = await site.Admin();
        await visitor.Go($"/datasets/{site.Dataset}");
        var page = visitor.Page;
        var count = page.Locator(".browse-bar [role=status]");
        await Expect(count).ToContainTextAsync($"{DatasetSite.Samples}");

        await page.GetByRole(AriaRole.Checkbox, new() { Name = "awe" }).First.CheckAsync();
        await Expect(count).ToContainTextAsync($"{DatasetSite.Samples / 8}");
        await Expect(page).ToHaveURLAsync(Pattern("label=awe"));
        await Expect(page.Locator(".tile .emotion").First).ToHaveTextAsync("awe");
        await page.ReloadAsync();
        await visitor.Ready();
        await Expect(count).ToContainTextAsync($"{DatasetSite.Samples / 8}");

        await Clear();
        await page.Locator(".facets").GetByRole(AriaRole.Checkbox, new() { Name = "edited" }).CheckAsync();
        await Expect(count).ToHaveTextAsync(Pattern("^1 "));
        await Clear();
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Text, id or hash" })
            .FillAsync("the CITY looks modern");
        await Expect(count).ToHaveTextAsync(Pattern("^1 "));
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Text, id or hash" }).FillAsync("100%_'; --");
        await Expect(page.GetByText("No picture fits")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);

        async Task Clear()
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Clear", Exact = true }).ClickAsync();
            await Expect(count).ToContainTextAsync($"{DatasetSite.Samples}");
        }
    }

    [Fact]
    public async Task Sample_OpenedFromAView_ShowsItsHistoryAndWalksTheView()
    {
        await using var visitor = await site.Admin();
        await visitor.Go($"/datasets/{site.Dataset}?review=edited");
        var page = visitor.Page;
        await page.Locator(".tile a").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "History" })).ToBeVisibleAsync();
        await Expect(page.Locator(".top")).ToContainTextAsync("1 of 1 in this view");
        await Expect(page.Locator(".reasoning del").Filter(new() { HasText = "city looks modern" })).ToBeVisibleAsync();
        await Expect(page.Locator(".reasoning ins").First).ToBeVisibleAsync();
        await Expect(page.Locator(".timeline")).ToContainTextAsync("otto edited, accepted");
        await page.GetByRole(AriaRole.Button, new() { Name = "Raw reply" }).Last.ClickAsync();
        await Expect(page.Locator(".raw-reply")).ToContainTextAsync("<script>alert(1)</script>");

        await visitor.Go($"/datasets/{site.Dataset}");
        await page.Locator(".tile a").First.ClickAsync();
        await Expect(page.Locator(".top")).ToContainTextAsync($"1 of {DatasetSite.Samples}");
        var first = page.Url;
        await Expect(page.Locator("html[data-keys]")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("k");
        await Expect(page.Locator(".top")).ToContainTextAsync($"2 of {DatasetSite.Samples}");
        await page.Keyboard.PressAsync("j");
        await Expect(page).ToHaveURLAsync(first);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Selection_MovedToAnotherSplit_IsThereAndInTheHistory()
    {
        await using var visitor = await site.Admin();
        await visitor.Go($"/datasets/{site.Dataset}?split=val&label=fear");
        var page = visitor.Page;
        var count = page.Locator(".browse-bar [role=status]");
        await Expect(count).ToHaveTextAsync(Pattern("^3 "));
        await page.Locator(".tile").First.HoverAsync();
        await page.Locator(".tile input").First.CheckAsync();
        await page.GetByLabel("Move to the split").SelectOptionAsync("Train");
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Move" }).ClickAsync();
        await Expect(count).ToHaveTextAsync(Pattern("^2 "));

        await visitor.Go($"/datasets/{site.Dataset}/samples/{site.Storied}");
        Assert.Empty(visitor.Errors);
    }

    private static Regex Pattern(string text) => new(text, RegexOptions.None, TimeSpan.FromSeconds(1));

    private static TheoryData<string, string> Combine()
    {
        var all = new TheoryData<string, string>();
        foreach (var theme in (string[])["light", "dark"])
        {
            all.Add("/datasets", theme);
            all.Add("/datasets/{id}", theme);
            all.Add("/datasets/{id}/statistics", theme);
            all.Add("/datasets/{id}/splits", theme);
            all.Add("/datasets/{id}/versions", theme);
            all.Add("/datasets/{id}/import", theme);
            all.Add("/datasets/{id}/samples/{sample}", theme);
        }
        return all;
    }
}
