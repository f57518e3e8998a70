using System.Globalization;
using System.Text.RegularExpressions;
using CLGRPO.Data.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>The page of live rollouts over a run that trains for real.</summary>
public sealed partial class LiveJourneys(LiveSite site) : IClassFixture<LiveSite>
{
    private const string TextsOfCards =
        "() => [...document.querySelectorAll('[data-part=completions] .completion')].map(card => [...card.querySelectorAll('[data-words]')].map(part => part.textContent).join(''))";
    private static readonly LocatorAssertionsToBeVisibleOptions Soon = new() { Timeout = 120_000 };
    private static readonly PageWaitForFunctionOptions InTime = new() { Timeout = 60_000 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Path => $"/runs/{site.Run}/live";

    [Fact]
    public async Task Watch_RunInTraining_TextGrowsThenRewardsAdvantagesAndClipCome()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);

        // A card's text grows: the same completion is longer at a later frame.
        await page.EvaluateAsync(
            """
            () => {
              window.grown = [];
              const text = document.querySelector('[data-part=completions] .completion .text');
              new MutationObserver(() => window.grown.push(text.textContent.length)).observe(text, { childList: true, subtree: true, characterData: true });
            }
            """
        );
        await page.WaitForFunctionAsync(
            "() => window.grown.filter((length, at) => at > 0 && length > window.grown[at - 1]).length > 5",
            null,
            InTime
        );
        await Expect(page.Locator("[data-part=completions] .completion")).ToHaveCountAsync(8);
        await Expect(page.Locator("[data-part=completions] .chip:not(.waits)").First).ToBeVisibleAsync(Soon);
        await Expect(page.Locator("[data-part=settled] > li")).ToHaveCountAsync(9); // a heading and the group
        await Expect(page.Locator("[data-part=settled] .advantage .num").First).ToContainTextAsync(".");
        await page.WaitForFunctionAsync(
            "() => document.querySelector('[data-part=settled] :is(.clipped-high, .clipped-low)') !== null",
            null,
            InTime
        );

        // Reloaded in mid-stream it goes on, and knows the step before.
        await page.ReloadAsync();
        await Expect(page.Locator("[data-part=completions] .completion.sampling").First).ToBeVisibleAsync(Soon);
        await Expect(page.Locator("[data-part=settled] > li")).ToHaveCountAsync(9);
        Assert.True(await page.EvaluateAsync<int>("() => document.querySelectorAll('.live-page *').length") < 2500);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Watch_TwoBrowsersOfAPausedRun_ShowTheSameToTheLetterOfTheLog()
    {
        await using var one = await site.Visit();
        await using var other = await site.Visit("dark");
        await Watch(one);
        await Watch(other);
        foreach (var visitor in new[] { one, other })
            await Expect(visitor.Page.Locator("[data-part=watching]")).ToHaveTextAsync("2 watching");
        await one.Page.GetByRole(AriaRole.Button, new() { Name = "Pause run" }).ClickAsync();
        foreach (var visitor in new[] { one, other })
            await Expect(visitor.Page.Locator("[data-part=state]"))
                .ToHaveTextAsync("paused", new() { Timeout = 60_000 });
        await Expect(other.Page.GetByRole(AriaRole.Button, new() { Name = "Resume run" })).ToBeVisibleAsync();
        var step = await StepOf(one.Page);
        await Expect(other.Page.Locator("[data-part=step]")).ToHaveTextAsync($"step {step}");

        var logged = RolloutLog.Read(site.Directory, step, "stage-4").First().Completions.Select(item => item.Text);
        Assert.Equal(logged, await one.Page.EvaluateAsync<string[]>(TextsOfCards));
        Assert.Equal(logged, await other.Page.EvaluateAsync<string[]>(TextsOfCards));

        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Resume run" }).ClickAsync();
        await Expect(one.Page.Locator("[data-part=state]")).ToHaveTextAsync("running");
        Assert.Empty(one.Errors);
        Assert.Empty(other.Errors);
    }

    [Fact]
    public async Task Freeze_WhileTheRunGoesOn_HoldsThePictureAndCountsStepsBehind()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);
        await page.Keyboard.PressAsync("f");
        await Expect(page.Locator("[data-part=freeze]")).ToHaveAttributeAsync("aria-pressed", "true");
        var held = await page.EvaluateAsync<string[]>(TextsOfCards);
        var step = await StepOf(page);
        await Expect(page.Locator("[data-part=behind]"))
            .ToHaveTextAsync(
                new Regex("^(?:[2-9]|[1-9][0-9]+) behind$", RegexOptions.None, TimeSpan.FromSeconds(1)),
                new() { Timeout = 60_000 }
            );
        Assert.Equal(held, await page.EvaluateAsync<string[]>(TextsOfCards));
        // Under it stands its own update, not that of a step further on.
        await Expect(page.Locator("[data-part=settled-about]")).ToContainTextAsync($"step {step} ·");

        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync($"step {step - 1}");
        Assert.Equal(
            RolloutLog.Read(site.Directory, step - 1, "stage-4").First().Completions.Select(item => item.Text),
            await page.EvaluateAsync<string[]>(TextsOfCards)
        );
        // A stored step can be linked to.
        Assert.Contains($"step={step - 1}", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync($"step {step - 1}");
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync($"step {step}");

        await page.Keyboard.PressAsync("l");
        await Expect(page.Locator("[data-part=follow]")).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(page.Locator("[data-part=completions] .completion.sampling").First).ToBeVisibleAsync(Soon);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task StepBack_PastTheFirstStepOfAStage_OpensTheStageBefore()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);
        await page.GetByRole(AriaRole.Button, new() { Name = "First step" }).ClickAsync();
        await Expect(page.Locator("[data-part=stage-name]")).ToHaveTextAsync("stage-2");
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync("step 1");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Step back" })).ToBeDisabledAsync();

        await page.GetByLabel("Step to look at").FillAsync("12");
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync("step 12");
        await page.GetByRole(AriaRole.Button, new() { Name = "Step forward" }).ClickAsync();
        await Expect(page.Locator("[data-part=stage-name]")).ToHaveTextAsync("stage-4");
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync("step 1");
        Assert.Equal(
            RolloutLog.Read(site.Directory, 1, "stage-4").First().Completions.Select(item => item.Text),
            await page.EvaluateAsync<string[]>(TextsOfCards)
        );
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Filter_OfAStoredStep_ShowsWhatTheLogSays()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);
        await page.GetByRole(AriaRole.Button, new() { Name = "First step" }).ClickAsync();
        await Expect(page.Locator("[data-part=step]")).ToHaveTextAsync("step 1");
        var groups = RolloutLog.Read(site.Directory, 1, "stage-2").ToList();
        var all = groups.SelectMany(group => group.Completions).ToList();

        await page.GetByRole(AriaRole.Button, new() { Name = "Table" }).ClickAsync();
        await Rows(page, all.Count);
        await page.GetByRole(AriaRole.Button, new() { Name = "truncated" }).ClickAsync();
        await Rows(page, all.Count(item => item.Truncated));
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await page.GetByLabel("Reward from").FillAsync("0.5");
        await Rows(page, all.Count(item => item.Reward >= 0.5));
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await page.GetByLabel("Length from, tokens").FillAsync("20");
        await page.GetByLabel("Length to, tokens").FillAsync("40");
        await Rows(page, all.Count(item => item.Tokens is >= 20 and <= 40));
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await page.GetByLabel("Only this label").SelectOptionAsync(groups[0].Label);
        await Rows(page, groups.Where(group => group.Label == groups[0].Label).Sum(group => group.Completions.Count));
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "zero-std groups" }).ClickAsync();
        await Rows(
            page,
            groups
                .Where(group => group.Completions.Select(item => item.Reward).Distinct().Count() == 1)
                .Sum(group => group.Completions.Count)
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        var word = all[0]
            .Text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .First(part => part.All(char.IsAsciiLetter));
        await page.GetByLabel("Search completions").FillAsync(word);
        await Rows(page, all.Count(item => item.Text.Contains(word, StringComparison.OrdinalIgnoreCase)));

        await page.Locator("[data-part=table] .place").First.ClickAsync();
        await Expect(page.Locator("[data-part=frame]")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Site_KilledAndStartedAgain_PageAttachesByItself()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);
        var step = await StepOf(page);
        await site.KillAndStartAgain(() => Expect(page.Locator("#components-reconnect-modal")).ToBeVisibleAsync(Soon));

        await page.WaitForFunctionAsync(
            $"() => Number(document.querySelector('[data-part=step]')?.textContent.split(' ')[1]) > {step} && document.querySelector('.completion.sampling') !== null",
            null,
            new() { Timeout = 120_000 }
        );
        // What the browser and Blazor say while the site is gone is no fault of the page.
        Assert.DoesNotContain(visitor.Errors, error => !SiteIsGone().IsMatch(error));
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task Look_AtBothWidths_FitsAndIsAccessible(string theme)
    {
        foreach (var width in (int[])[1440, 400])
        {
            await using var visitor = await site.Visit(theme, width);
            await Watch(visitor);
            await visitor.Page.WaitForFunctionAsync(
                "() => document.querySelector('[data-part=settled] :is(.clipped-high, .clipped-low)') !== null && document.querySelectorAll('.completion.sampling').length > 1",
                null,
                InTime
            );
            await visitor.Page.Keyboard.PressAsync("f");
            var picture = visitor.Page.Locator("[data-part=picture]");
            await Expect(picture).ToHaveJSPropertyAsync("complete", true);
            Assert.True(await picture.EvaluateAsync<int>("image => image.naturalWidth") > 0);
            await EveryPage.RequireAccessible(visitor, $"live-rollouts-{theme}-{width}");
            if (width == 1440)
                Assert.True(
                    await visitor.Page.EvaluateAsync<bool>(
                        "() => document.documentElement.scrollHeight <= innerHeight"
                    ),
                    "the page does not fit a screen of 1440 × 1000"
                );
            Assert.Empty(visitor.Errors);
        }
    }

    [Fact]
    public async Task Sample_OfTheGroup_LeadsToWhereItCameFrom()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Watch(visitor);
        await page.Keyboard.PressAsync("f");
        var link = page.Locator("[data-part=sample] a");
        await Expect(link).ToBeVisibleAsync(Soon);
        var key = await link.TextContentAsync();
        await page.Keyboard.PressAsync("o");
        await page.ReachAsync("**/datasets/*/samples/*");
        await Expect(page.GetByText(key!).First).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Scrubber_OfAStageWithCheckpoints_MarksTheirSteps()
    {
        await using var visitor = await site.Visit();
        await Watch(visitor);
        var marks = visitor.Page.Locator("[data-part=marks] i");
        await Expect(marks.First).ToBeAttachedAsync(new() { Timeout = 120_000 });
        Assert.Matches("^checkpoint after step [0-9]+$", await marks.First.GetAttributeAsync("title"));
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Landing_WhileARunTrains_IsItsPage()
    {
        await using var visitor = await site.Visit();
        await visitor.Go("/");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Live rollouts", Exact = true }).ClickAsync();
        await visitor.Page.ReachAsync($"**{Path}");
        await Expect(visitor.Page.Locator(".nav a[href=live]")).ToHaveAttributeAsync("aria-current", "page");
        Assert.Empty(visitor.Errors);
    }

    private async Task Watch(Visitor visitor)
    {
        await visitor.Go(Path);
        await visitor.Page.WaitForFunctionAsync(
            "() => document.querySelector('[data-part=stage-name]')?.textContent === 'stage-4' && document.querySelector('.completion.sampling') !== null && Number(document.querySelector('[data-part=step]').textContent.split(' ')[1]) > 3",
            null,
            new() { Timeout = 180_000 }
        );
    }

    private static async Task<int> StepOf(IPage page) =>
        int.Parse(
            (await page.Locator("[data-part=step]").TextContentAsync())!.Split(' ')[1],
            CultureInfo.InvariantCulture
        );

    private static Task Rows(IPage page, int count) =>
        count == 0
            ? Expect(page.Locator("[data-part=empty-title]")).ToHaveTextAsync("No completion passes the filters")
            : Expect(page.Locator("[data-part=table] > li:not(.heading)")).ToHaveCountAsync(count);

    [GeneratedRegex(
        "ERR_|WebSocket|negotiat|Failed to (start|fetch)|Connection disconnected",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SiteIsGone();
}
