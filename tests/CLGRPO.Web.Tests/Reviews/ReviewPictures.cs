using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Reviews;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>The review's pages with work in them: accessible in both themes and widths, on one screen.</summary>
public sealed class ReviewPictures(BrowserFixture site)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_WithWork_AreAccessibleInBothThemesAndWidths()
    {
        await using var lab = await ReviewLab.Open(60);
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "emoscenes, batch 1", Overlap = 2 });
        foreach (var (person, name) in new[] { "cleo", "dan" }.Index())
        {
            using var program = await lab.Program(name);
            await JudgeSome(program, batch.Id, person);
        }
        await using var lead = await lab.Join(site.Browser, "lea", Roles.Researcher);
        foreach (var theme in (string[])["light", "dark"])
        foreach (var width in (int[])[1440, 400])
        {
            await using var visitor = await Visitor.Open(
                site.Browser,
                lab.Site.Address,
                theme,
                width,
                await lead.Context.StorageStateAsync()
            );
            await visitor.Go("/review");
            await visitor.Page.Locator("[data-review][data-item]").WaitForAsync();
            if (theme == "light" && width == 1440)
                await Prepare(visitor.Page);
            await visitor.Page.Locator(".kinds-bar").First.WaitForAsync();
            await EveryPage.RequireAccessible(visitor, $"review-work-{theme}-{width}");
            if (width == 1440)
                Assert.Equal(
                    1000,
                    await visitor.Page.EvaluateAsync<int>("() => document.documentElement.scrollHeight")
                );
            foreach (var page in (string[])["batches", "agreement", "conflicts", "guidelines"])
            {
                await visitor.Go($"/review/{page}");
                await visitor.Page.Locator(".batches, .agreement, .conflict, .guideline-editor").First.WaitForAsync();
                await EveryPage.RequireAccessible(visitor, $"review-{page}-work-{theme}-{width}");
            }
            Assert.Empty(visitor.Errors);
        }
    }

    /// <summary>A few verdicts, an edit begun, a comment and a rating, as in the middle of a morning.</summary>
    private static async Task Prepare(IPage page)
    {
        var judged = new List<string>();
        foreach (var key in "aaraeaf")
        {
            judged.Add(await Item(page, judged));
            await page.Keyboard.PressAsync($"{key}");
            if (key == 'r')
            {
                await Expect(page.Locator(".reasons.asked")).ToBeVisibleAsync();
                await page.Keyboard.PressAsync("1");
            }
            if (key == 'e')
            {
                await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Reasoning, edited" })).ToBeFocusedAsync();
                await page.Keyboard.TypeAsync(" Nothing else in it points elsewhere.");
                await page.Keyboard.PressAsync("Escape");
                await Expect(page.Locator(".read ins")).ToBeVisibleAsync();
                await page.Keyboard.PressAsync("a");
            }
        }
        await Item(page, judged);
        await page.Keyboard.PressAsync("c");
        await page.Keyboard.TypeAsync("This scene shows up in 0012 too. A habit of this teacher?");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".comment-list p")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("e");
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Reasoning, edited" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Home");
        await page.Keyboard.PressAsync("Control+Shift+ArrowRight");
        await page.Keyboard.PressAsync("Control+Shift+ArrowRight");
        await page.Keyboard.TypeAsync("In this picture, the ");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator(".read ins").First).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("4");
        await Expect(page.Locator(".rating-row").First.Locator("[aria-pressed=true]")).ToHaveTextAsync("4");
    }

    private static async Task<string> Item(IPage page, IReadOnlyList<string> judged)
    {
        var handle = await page.WaitForFunctionAsync(
            "judged => { const item = document.querySelector('[data-review]')?.dataset.item; return item && !judged.includes(item) ? item : null; }",
            judged
        );
        return await handle.JsonValueAsync<string>();
    }

    /// <summary>Both judge the same items, and disagree now and then.</summary>
    private static async Task JudgeSome(HttpClient client, long batch, int person)
    {
        for (var i = 0; i < 24; i++)
        {
            var item = (await ReviewRest.Next(client, batch, Stop))!.Value;
            var verdict = (i % 8) switch
            {
                3 => person == 0 ? "reject" : "accept",
                5 => "reject",
                7 => person == 0 ? "flag" : "accept",
                _ => "accept",
            };
            await ReviewRest.Judge(
                client,
                item,
                new
                {
                    key = $"{person}-{i}",
                    verdict,
                    reason = verdict == "reject" ? "not_in_image" : null,
                    ratings = new
                    {
                        faithful = 3 + (i % 3),
                        leads = 3 + ((i + (i % 4 == 0 ? person : 0)) % 3),
                        fluent = 5 - (i % 2),
                    },
                },
                Stop
            );
        }
    }
}
