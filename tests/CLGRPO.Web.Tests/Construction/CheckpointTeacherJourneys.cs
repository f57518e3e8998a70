using CLGRPO.Web.Tests.Browser;
using CLGRPO.Web.Tests.Playground;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>A checkpoint of a run that was really trained writes and judges, asked through the inference process.</summary>
[Collection(nameof(PlaygroundSite))]
public sealed class CheckpointTeacherJourneys(PlaygroundSite site)
{
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 120_000 };

    [Fact]
    public async Task Checkpoint_ChosenAsATeacher_WritesAndJudges()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await visitor.Go("/construction/teachers");
        await Add(page, "own-checkpoint", "Checkpoint");
        await page.Locator(".teacher-form select")
            .Nth(1)
            .SelectOptionAsync(
                await page.Locator($".teacher-form option[value^='{PlaygroundSite.Run}/']")
                    .First.GetAttributeAsync("value")
                    ?? ""
            );
        await EveryPage.RequireAccessible(visitor, "construction-teachers-checkpoint-light-1440");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        var row = page.Locator("table.teachers tr", new() { HasText = "own-checkpoint" });
        await Expect(row).ToContainTextAsync($"{PlaygroundSite.Run}/step-");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test own-checkpoint" }).ClickAsync();
        await Expect(row).ToContainTextAsync("healthy", Patient);
        await Add(page, "own-rules", "Rule");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(page.Locator("table.teachers")).ToContainTextAsync("own-rules");

        await visitor.Go("/construction/new");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("by ourselves");
        await page.GetByLabel("At most", new() { Exact = true }).FillAsync("4");
        await page.GetByLabel("At most", new() { Exact = true }).BlurAsync();
        await page.GetByLabel("only samples without an accepted text").UncheckAsync();
        foreach (
            var box in (string[])
                ["own-rules writes", "own-checkpoint writes", "own-rules verifies", "own-checkpoint verifies"]
        )
            await Expect(page.GetByLabel(box)).ToBeCheckedAsync();
        await Expect(page.Locator(".plan dd").First).ToHaveTextAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.WaitForURLAsync("**/construction/*");
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("done", Patient);
        await Expect(page.Locator(".construction-progress")).ToContainTextAsync("4 of 4 images decided");
        await Expect(page.Locator(".decisions")).ToContainTextAsync("own-rules");
        await Expect(page.Locator(".decisions")).ToContainTextAsync("own-checkpoint");
        await Expect(page.Locator(".failures")).Not.ToContainTextAsync("no answer");
        await Expect(page.Locator(".decision-votes [title^='own-checkpoint']").First).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    private static async Task Add(IPage page, string name, string kind)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Teacher", Exact = true }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await page.GetByLabel("Kind").SelectOptionAsync(kind);
    }
}
