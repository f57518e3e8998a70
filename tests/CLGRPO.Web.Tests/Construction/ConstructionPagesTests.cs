using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Teachers;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>The pages of the construction as a person meets them, with something on them.</summary>
public sealed class ConstructionPagesTests(ConstructionSite site) : IClassFixture<ConstructionSite>
{
    private static readonly SemaphoreSlim Turn = new(1);
    private static long _job;

    public static TheoryData<string, string> Pages { get; } = Combine();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_InBothThemesAndWidths_IsAccessibleAndWithoutErrors(string path, string theme)
    {
        var job = await Job();
        foreach (var width in (int[])[1440, 400])
        {
            await using var visitor = await site.Admin(theme, width);
            var page = visitor.Page;
            await visitor.Go(path.Replace("{id}", $"{job}"));
            await Expect(page.Locator("main h1")).ToHaveCountAsync(1);
            if (path == "/construction/{id}")
                await Expect(page.Locator(".decisions li").First).ToBeVisibleAsync();
            if (path == "/construction/teachers?form")
            {
                await page.GetByRole(AriaRole.Button, new() { Name = "Teacher", Exact = true }).ClickAsync();
                await Expect(page.Locator(".teacher-form")).ToBeVisibleAsync();
            }
            if (path == "/construction/prompts")
            {
                await page.GetByRole(AriaRole.Button, new() { Name = "Try" }).ClickAsync();
                await Expect(page.Locator(".trial-side")).ToHaveCountAsync(2, new() { Timeout = 60_000 });
            }
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await EveryPage.RequireAccessible(
                visitor,
                $"{path.Trim('/').Replace('/', '-').Replace('?', '-')}-{theme}-{width}"
            );
            Assert.Empty(visitor.Errors);
        }
    }

    /// <summary>A construction with everything that can be seen of one: texts that were accepted and not, by teachers that agree and do not.</summary>
    private async Task<long> Job()
    {
        await Turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_job > 0)
                return _job;
            await site.Hire(
                "teacher-8b",
                new FakeHabits
                {
                    Seed = 5,
                    Lie = 0.35,
                    Fail = 0.05,
                },
                TimeSpan.FromMilliseconds(20)
            );
            await site.Hire(
                "teacher-14b",
                new FakeHabits
                {
                    Seed = 6,
                    Lie = 0.2,
                    Garbage = 0.05,
                },
                TimeSpan.FromMilliseconds(30)
            );
            await site.Hire("teacher-26b", new FakeHabits { Seed = 7, Lie = 0.1 }, TimeSpan.FromMilliseconds(40));
            await site.HireRules("rules", errors: 0.3);
            var job = await site.Begin(
                "cot-0017",
                new
                {
                    generators = new[] { "teacher-8b", "teacher-14b", "rules" },
                    verifiers = new[] { "teacher-8b", "teacher-14b", "teacher-26b" },
                    quorum = 2,
                    minAgreement = 0.6,
                    onlyMissing = false,
                    attempts = 2,
                }
            );
            await site.Until(job, JobState.Completed);
            return _job = job;
        }
        finally
        {
            Turn.Release();
        }
    }

    private static TheoryData<string, string> Combine()
    {
        var all = new TheoryData<string, string>();
        foreach (var theme in (string[])["light", "dark"])
        {
            all.Add("/construction", theme);
            all.Add("/construction/{id}", theme);
            all.Add("/construction/new", theme);
            all.Add("/construction/teachers", theme);
            all.Add("/construction/teachers?form", theme);
            all.Add("/construction/prompts", theme);
            all.Add("/construction/999", theme);
        }
        return all;
    }
}
