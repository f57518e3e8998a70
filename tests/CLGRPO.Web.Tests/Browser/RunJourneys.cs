using System.Text.RegularExpressions;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>Runs of real trainers, watched and steered in a browser.</summary>
public sealed partial class RunJourneys(BrowserFixture browser)
{
    private const int Reloads = 20;
    private static readonly LocatorAssertionsToContainTextOptions UntilDone = new() { Timeout = 180_000 };
    private static readonly LocatorAssertionsToBeVisibleOptions UntilSeen = new() { Timeout = 60_000 };

    // What the page's own script knows: every point of every series, and how many there are.
    private const string AskForPoints =
        "async id => { const answer = await fetch(`/api/v1/runs/${id}/metrics?points=5000&branches=true`);"
        + " return (await answer.json()).filter(s => s.metric === 'step_time').map(s => `${s.branch ?? 0}:${s.stage}:${s.steps.join(',')}`); }";

    [Fact]
    public async Task Run_OfFourStages_IsTheSameAfterReloadsAndForEverybody()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        await visitor.Go("/runs");
        await Expect(visitor.Page.GetByText("No run yet")).ToBeVisibleAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Open its recipe" }).ClickAsync();
        await visitor.Page.ReachAsync("**/recipes/presets/nano-demo");
        await using var early = await site.Admin();
        await early.Go("/live");
        await Expect(early.Page.GetByText("Nothing is trained at the moment")).ToBeVisibleAsync();
        var id = await LabSite.StartFromRecipe(visitor, LabFolder.FourStages(steps: 60), stages: 5);
        // Who waits for something to watch is led there.
        await early.Page.ReachAsync($"**/runs/{id}/live");
        await Expect(visitor.Page.GetByText("from the recipe's page")).ToBeVisibleAsync();
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);
        await Expect(visitor.Page.Locator(".stages > .current b").First)
            .ToHaveTextAsync("stage-2", new() { Timeout = 60_000 });
        await Expect(visitor.Page.Locator(".chart canvas").First).ToBeVisibleAsync();

        for (var i = 0; i < Reloads; i++)
        {
            await visitor.Page.ReloadAsync();
            await Expect(visitor.Page.Locator(".stages > li")).ToHaveCountAsync(5);
        }
        await visitor.Ready();
        await Expect(visitor.Page.Locator(".chart canvas").First).ToBeVisibleAsync();
        foreach (var series in await visitor.Page.EvaluateAsync<string[]>(AskForPoints, id))
        {
            var steps = series.Split(':')[^1].Split(',').Select(int.Parse).ToList();
            Assert.Equal(Enumerable.Range(1, steps.Count), steps);
        }

        await using var second = await site.Admin("dark");
        await second.Go($"/runs/{id}");
        await Expect(StateOf(visitor)).ToContainTextAsync("completed", UntilDone);
        await Expect(StateOf(second)).ToContainTextAsync("completed", UntilDone);
        foreach (var page in (IPage[])[visitor.Page, second.Page])
        {
            await Expect(page.Locator(".stages > .done")).ToHaveCountAsync(5);
            await Expect(page.GetByText("end of stage-4")).ToBeVisibleAsync();
        }
        Assert.Equal(
            await visitor.Page.Locator(".stages").InnerTextAsync(),
            await second.Page.Locator(".stages").InnerTextAsync()
        );
        Assert.Equal(
            [6, 8, 60, 60, 60],
            (await visitor.Page.EvaluateAsync<string[]>(AskForPoints, id)).Select(series => series.Split(',').Length)
        );
        Assert.Empty(visitor.Errors);
        Assert.Empty(second.Errors);
    }

    [Fact]
    public async Task Run_KilledPausedStoppedAndTakenBack_SaysSoAndGoesOn()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        await visitor.Go("/runs");
        var id = await LabSite.Queue(visitor, LabFolder.Recipe(sftSteps: 12, grpoSteps: 4000));
        await visitor.Go($"/runs/{id}");
        await Expect(visitor.Page.Locator(".stages > .current b").First)
            .ToHaveTextAsync("grpo", new() { Timeout = 60_000 });

        // kill -9 of the trainer: the reason, the end of the log, one button that helps.
        var kept = visitor.Page.Locator(".checkpoints tbody tr").Filter(new() { HasText = "grpo" });
        await Expect(kept.Last).ToBeVisibleAsync(UntilSeen);
        Assert.Single(site.Lab.Trainers()).Kill();
        var trouble = visitor.Page.Locator(".trouble");
        await Expect(trouble).ToContainTextAsync("killed (signal 9)", new() { Timeout = 30_000 });
        await Expect(trouble.Locator(".log-end")).ToContainTextAsync("grpo");
        await TakeBoth(site, $"/runs/{id}", "run-crashed", ChartsDrawn);
        await trouble.GetByRole(AriaRole.Button, new() { NameRegex = ResumeFrom() }).ClickAsync();
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);
        await Expect(visitor.Page.Locator(".trouble")).ToHaveCountAsync(0);

        // Pause, and on.
        await Press(visitor, "Pause");
        await Expect(StateOf(visitor)).ToContainTextAsync("paused", UntilDone);
        await Expect(visitor.Page.Locator(".progress")).ToContainTextAsync("paused after step");
        await Press(visitor, "Resume");
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);

        // Stop at the next step; then back to the first checkpoint of this stage that is still there.
        await Press(visitor, "Stop at next step");
        await Expect(StateOf(visitor)).ToContainTextAsync("stopped", UntilDone);
        var earlier = kept.Last;
        var step = int.Parse(
            (await earlier.Locator("td").Nth(1).InnerTextAsync()).Split(' ')[^1],
            System.Globalization.CultureInfo.InvariantCulture
        );
        await earlier.GetByRole(AriaRole.Button, new() { NameRegex = ResumeFrom() }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Resume from here" }).ClickAsync();
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);
        await Wait.Until(() =>
            RunEvents.Read(site.Lab.Run(id)).Any(item => item.Type == RunEventType.Resumed && item.FromStep == step)
        );

        // Abort in two steps: the first says what is lost.
        await Press(visitor, "Abort");
        await Expect(visitor.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("stays:");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Abort the run" }).ClickAsync();
        await Expect(StateOf(visitor)).ToContainTextAsync("aborted", UntilDone);

        // Nothing is counted twice, and what counts no more is still there, as branches.
        var series = await visitor.Page.EvaluateAsync<string[]>(AskForPoints, id);
        Assert.Contains(series, item => item.StartsWith("1:grpo", StringComparison.Ordinal));
        var grpo = series.Single(item => item.StartsWith("0:grpo", StringComparison.Ordinal)).Split(':')[^1].Split(',');
        Assert.Equal(Enumerable.Range(1, grpo.Length), grpo.Select(int.Parse));
        await TakeBoth(site, $"/runs/{id}", "run-resumed", ChartsDrawn);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Runs_TaggedFilteredAndCompared_LieOverEachOther()
    {
        await using var site = await LabSite.Start(browser);
        await using var visitor = await site.Admin();
        await visitor.Go("/runs");
        string[] ids =
        [
            await LabSite.Queue(visitor, LabFolder.FourStages(steps: 12, epsilonHigh: 0.05)),
            await LabSite.Queue(visitor, LabFolder.FourStages(steps: 12, epsilonHigh: 0.15)),
            await LabSite.Queue(visitor, LabFolder.Recipe(sftSteps: 12, grpoSteps: 12)),
        ];
        foreach (var id in ids)
            await Expect(RowOf(visitor, id)).ToContainTextAsync("completed", UntilDone);

        // Tags and note are written where they stand.
        await RowOf(visitor, ids[0]).HoverAsync();
        await RowOf(visitor, ids[0]).GetByRole(AriaRole.Button, new() { Name = $"Tags of {ids[0]}" }).ClickAsync();
        await visitor.Page.GetByLabel($"Tags of {ids[0]}, separated by commas").FillAsync("paper, seed 3");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(RowOf(visitor, ids[0]).Locator(".tags .pill")).ToHaveTextAsync(["paper", "seed 3"]);
        await RowOf(visitor, ids[1]).HoverAsync();
        await RowOf(visitor, ids[1]).GetByRole(AriaRole.Button, new() { Name = $"Note on {ids[1]}" }).ClickAsync();
        await visitor.Page.GetByLabel($"Note on {ids[1]}", new() { Exact = true }).FillAsync("<b>wide</b> upper bound");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Expect(RowOf(visitor, ids[1])).ToContainTextAsync("<b>wide</b> upper bound");

        // Filters stand in the address.
        await visitor.Page.GetByLabel("Tag", new() { Exact = true }).SelectOptionAsync("paper");
        await Expect(visitor.Page.Locator(".runs tbody tr")).ToHaveCountAsync(1);
        await Expect(visitor.Page).ToHaveURLAsync(new Regex("tag=paper", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await visitor.Page.ReloadAsync();
        await Expect(visitor.Page.Locator(".runs tbody tr")).ToHaveCountAsync(1);
        await visitor.Go("/runs?text=upper");
        await Expect(visitor.Page.Locator(".runs tbody tr")).ToHaveCountAsync(1);
        await visitor.Go("/runs");

        foreach (var id in ids)
            await visitor.Page.GetByLabel($"Choose {id}", new() { Exact = true }).CheckAsync();
        await Expect(visitor.Page.GetByText("3 runs chosen")).ToBeVisibleAsync();
        await EveryPage.RequireAccessible(visitor, "runs-chosen-light-1440");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Compare", Exact = true }).ClickAsync();
        await visitor.Page.ReachAsync("**/runs/compare?ids=**");

        // The two of one kind share stage 4; a stage that one run alone has is there too.
        var stages = visitor.Page.GetByRole(AriaRole.Group, new() { Name = "Stage of the charts" });
        await stages.GetByRole(AriaRole.Button, new() { Name = "stage-4" }).ClickAsync();
        await Expect(visitor.Page.Locator(".chart canvas").First).ToBeVisibleAsync();
        await Expect(visitor.Page.Locator(".chart").First.Locator("[data-now] span")).ToHaveCountAsync(2);
        await Expect(stages.GetByRole(AriaRole.Button, new() { Name = "grpo" })).ToBeVisibleAsync();
        var settings = visitor.Page.GetByRole(AriaRole.Region, new() { Name = "Configuration" }).First;
        await Expect(settings).ToContainTextAsync("stage-4.epsilon_high");
        await Expect(settings).Not.ToContainTextAsync("prompt.cot");
        await Expect(visitor.Page.GetByText("test_accuracy")).ToBeVisibleAsync();
        await Crosshair(visitor);
        await Zoom(visitor);
        Assert.Empty(visitor.Errors);

        var compare = new Uri(visitor.Page.Url).PathAndQuery;
        await TakeBoth(site, "/runs", "runs", page => Expect(page.Locator(".runs tbody tr")).ToHaveCountAsync(3));
        await TakeBoth(site, compare, "compare", ChartsDrawn);
        await TakeBoth(site, $"/runs/{ids[0]}", "run", ChartsDrawn);
    }

    [Fact]
    [Trait("Id", "T2.5")]
    public async Task Run_WhoseTrainerStandsStill_IsStuckUntilItGoesOn()
    {
        await using var site = await LabSite.Start(browser, ("Training__StuckGrace", "00:00:02"));
        await using var visitor = await site.Admin();
        await visitor.Go("/runs");
        var id = await LabSite.Queue(visitor, LabFolder.Recipe(sftSteps: 6, grpoSteps: 20_000));
        await visitor.Go($"/runs/{id}");
        await Expect(visitor.Page.Locator(".stages > .current b").First)
            .ToHaveTextAsync("grpo", new() { Timeout = 60_000 });
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);
        await using var live = await site.Admin("dark");
        await live.Go($"/runs/{id}/live");
        await Expect(live.Page.Locator("[data-part=state]")).ToHaveTextAsync("running");

        var trainer = Assert.Single(site.Lab.Trainers()).Id;
        await Signal(trainer, "STOP");
        await Expect(StateOf(visitor)).ToContainTextAsync("stuck", UntilDone);
        await Expect(visitor.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("It has not reported for");
        await Expect(visitor.Page.Locator(".progress")).ToContainTextAsync("no report for a while");
        await Expect(visitor.Page.Locator(".warning").Filter(new() { HasText = "No report for long" }))
            .ToBeVisibleAsync();
        await Expect(live.Page.Locator("[data-part=state]")).ToHaveTextAsync("stuck");
        await TakeBoth(site, $"/runs/{id}", "run-stuck", ChartsDrawn);
        await using (var list = await site.Admin())
        {
            await list.Go("/runs?view=failed");
            await Expect(RowOf(list, id)).ToContainTextAsync("stuck");
        }

        await Signal(trainer, "CONT");
        await Expect(StateOf(visitor)).ToContainTextAsync("running", UntilDone);
        await Expect(visitor.Page.GetByText("It has not reported for")).ToHaveCountAsync(0);
        await Expect(live.Page.Locator("[data-part=state]")).ToHaveTextAsync("running");
        Assert.Empty(visitor.Errors);
        Assert.Empty(live.Errors);
    }

    private static async Task Signal(int process, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    // One crosshair for all charts: where the pointer is in one, the others show their values of that step.
    private static async Task Crosshair(Visitor visitor)
    {
        var first = visitor.Page.Locator(".chart .u-over").First;
        var box = (await first.BoundingBoxAsync())!;
        await visitor.Page.Mouse.MoveAsync(box.X + (box.Width / 4), box.Y + (box.Height / 2));
        await Expect(visitor.Page.Locator(".chart .u-cursor-x:not(.u-off)").Nth(1)).ToBeAttachedAsync();
        await EveryPage.RequireAccessible(visitor, "compare-crosshair-light-1440");
    }

    // What is dragged over in one chart is what all of them show, until a double click shows everything again.
    private static async Task Zoom(Visitor visitor)
    {
        var canvas = visitor.Page.Locator(".chart canvas").Nth(1);
        var whole = await canvas.EvaluateAsync<string>("canvas => canvas.toDataURL()");
        var over = visitor.Page.Locator(".chart .u-over").First;
        var box = (await over.BoundingBoxAsync())!;
        await visitor.Page.Mouse.MoveAsync(box.X + (box.Width / 4), box.Y + (box.Height / 2));
        await visitor.Page.Mouse.DownAsync();
        await visitor.Page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2), new() { Steps = 4 });
        await visitor.Page.Mouse.UpAsync();
        await UntilPicture("!==");
        await over.DblClickAsync();
        await UntilPicture("===");

        async Task UntilPicture(string comparison) =>
            await visitor.Page.WaitForFunctionAsync(
                $"whole => document.querySelectorAll('.chart canvas')[1].toDataURL() {comparison} whole",
                whole
            );
    }

    // Only what is in view is drawn.
    private static async Task ChartsDrawn(IPage page)
    {
        await page.Locator(".chart").First.ScrollIntoViewIfNeededAsync();
        await Expect(page.Locator(".chart canvas").First).ToBeVisibleAsync();
        await Expect(page.Locator(".chart [data-now]").First).Not.ToBeEmptyAsync();
        await page.EvaluateAsync("() => scrollTo(0, 0)");
    }

    private static async Task TakeBoth(LabSite site, string path, string name, Func<IPage, Task> ready)
    {
        await using var other = await site.Admin();
        await other.Go(path);
        await ready(other.Page);
        await other.RequireAccessible(name);
        Assert.Empty(other.Errors);
    }

    private static ILocator StateOf(Visitor visitor) => visitor.Page.Locator(".lead .pill").First;

    private static ILocator RowOf(Visitor visitor, string id) =>
        visitor.Page.Locator(".runs tbody tr").Filter(new() { HasText = id });

    private static Task Press(Visitor visitor, string what) =>
        visitor.Page.Locator(".top").GetByRole(AriaRole.Button, new() { Name = what }).ClickAsync();

    [GeneratedRegex("^Resume from", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ResumeFrom();
}
