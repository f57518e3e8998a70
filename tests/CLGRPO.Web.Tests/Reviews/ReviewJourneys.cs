using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Reviews;

public sealed class ReviewJourneys(BrowserFixture site)
{
    private static readonly string[] Verdicts = ["a", "e", "a", "r", "a", "f", "a", "s", "a", "a"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // No pointer is touched. In the middle of an edit the site is killed and started again.
    [Fact]
    [Trait("Id", "T1.1")]
    [Trait("Id", "T1.4")]
    public async Task Annotator_TwentyItemsByKeyboardWithARestart_LosesNothing()
    {
        await using var lab = await ReviewLab.Open(24);
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "emoscenes, batch 1" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await ann.Page.GotoAsync("/review");
        var judged = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            var item = await Item(ann.Page, judged);
            judged.Add(item);
            await Rate(ann.Page, i);
            await JudgeByKey(ann.Page, Verdicts[i % Verdicts.Length], i);
            if (i == 9)
                await RestartWhileTyping(lab, ann, judged);
        }
        await Item(ann.Page, judged);

        await using var context = lab.Store.CreateDbContext();
        var reviews = await context.Reviews.AsNoTracking().Where(review => !review.Superseded).ToListAsync(Stop);
        Assert.Equal(20, reviews.Count);
        Assert.Equal(20, reviews.Select(review => review.RecordId).Distinct().Count());
        Assert.All(reviews, review => Assert.Equal("ann", review.Reviewer));
        Assert.Equal(
            (11, 3, 2, 2, 2),
            (
                Count(Verdict.Accept),
                Count(Verdict.Edit),
                Count(Verdict.Reject),
                Count(Verdict.Flag),
                Count(Verdict.Skip)
            )
        );
        Assert.All(
            reviews.Where(review => review.Verdict == Verdict.Reject),
            review => Assert.Equal("label_given_away", review.Reason)
        );
        Assert.Contains(
            reviews,
            review => review.EditedCompletion?.Contains("typed as the site died", StringComparison.Ordinal) == true
        );
        Assert.Equal(21, await context.Audit.CountAsync(entry => entry.Action == "review.submit", Stop)); // one was undone
        var first = await context.ReviewItems.SingleAsync(item => item.Id == long.Parse(judged[0]), Stop);
        var answers = ReviewQuestion.FromJson(reviews.Single(review => review.RecordId == first.RecordId).Ratings);
        Assert.Equal((1, 3, 5), (answers["faithful"], answers["leads"], answers["fluent"]));
        Assert.Equal(1, first.Judged);
        Assert.Equal(24, (await ReviewProgress.Of(lab.Store, batch.Id, DateTime.UtcNow, Stop)).Items);

        int Count(Verdict verdict) => reviews.Count(review => review.Verdict == verdict);
    }

    [Fact]
    public async Task Keys_WhileTypingOrInADialog_JudgeNothing()
    {
        await using var lab = await ReviewLab.Open(3);
        await lab.AddBatch(new ReviewBatchPlan { Name = "typing" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await ann.Page.GotoAsync("/review");
        var item = await Item(ann.Page, []);

        await ann.Page.Keyboard.PressAsync("c");
        await Expect(ann.Page.GetByRole(AriaRole.Textbox, new() { Name = "Add a comment" })).ToBeFocusedAsync();
        await ann.Page.Keyboard.TypeAsync("1 a r x s");
        await ann.Page.Keyboard.PressAsync("Enter");
        await Expect(ann.Page.GetByText("1 a r x s", new() { Exact = true })).ToBeVisibleAsync();
        await ann.Page.Keyboard.PressAsync("?");
        await Expect(ann.Page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard shortcuts" })).ToBeVisibleAsync();
        await ann.Page.Keyboard.PressAsync("a");
        await ann.Page.Keyboard.PressAsync("Escape");
        await ann.Page.Keyboard.PressAsync("z");
        await Expect(ann.Page.Locator("dialog[data-dialog=zoom]")).ToBeVisibleAsync();
        await ann.Page.Keyboard.PressAsync("a");
        await ann.Page.Keyboard.PressAsync("z");
        await Expect(ann.Page.Locator("dialog[data-dialog=zoom]")).ToBeHiddenAsync();

        Assert.Equal(item, await Item(ann.Page, []));
        await using var context = lab.Store.CreateDbContext();
        Assert.False(await context.Reviews.AnyAsync(Stop));
        Assert.Equal("1 a r x s", (await context.ReviewComments.SingleAsync(Stop)).Text);
        Assert.False(await context.ReviewDrafts.AnyAsync(Stop));
        Assert.Empty(ann.Errors);
    }

    [Fact]
    public async Task Undo_ByKey_BringsItemsBackWithWhatWasTyped()
    {
        await using var lab = await ReviewLab.Open(4);
        await lab.AddBatch(new ReviewBatchPlan { Name = "undo" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await ann.Page.GotoAsync("/review");
        var first = await Item(ann.Page, []);
        await Edit(ann.Page, " Better so.");
        await ann.Page.Keyboard.PressAsync("a");
        var second = await Item(ann.Page, [first]);
        await ann.Page.Keyboard.PressAsync("a");
        await Item(ann.Page, [first, second]);

        await ann.Page.Keyboard.PressAsync("u");
        await Expect(Review(ann.Page)).ToHaveAttributeAsync("data-item", second);
        await ann.Page.Keyboard.PressAsync("u");
        await Expect(Review(ann.Page)).ToHaveAttributeAsync("data-item", first);
        await Expect(ann.Page.Locator(".read ins")).ToContainTextAsync("Better so.");
        await ann.Page.Keyboard.PressAsync("a");

        await Expect(Review(ann.Page)).ToHaveAttributeAsync("data-item", second);
        await using var context = lab.Store.CreateDbContext();
        var stands = await context.Reviews.SingleAsync(review => !review.Superseded, Stop);
        Assert.Equal(Verdict.Edit, stands.Verdict);
        Assert.Equal(2, await context.Reviews.CountAsync(review => review.UndoneAt != null, Stop));
        Assert.Empty(ann.Errors);
    }

    [Fact]
    [Trait("Id", "T1.2")]
    public async Task TwoAnnotators_SameItem_OneIsStoredAndTheOtherGoesOnWithNothingLost()
    {
        await using var lab = await ReviewLab.Open(6);
        await lab.AddBatch(new ReviewBatchPlan { Name = "race" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await using var ben = await lab.Join(site.Browser, "ben");
        await ann.Page.GotoAsync("/review");
        var item = await Item(ann.Page, []);
        await Edit(ann.Page, " Mine.");
        await ann.Page.Keyboard.PressAsync("Escape");
        await Expect(ann.Page.Locator("[data-draft-state]")).ToHaveTextAsync("draft saved");

        // Held by ann: ben gets another one.
        await ben.Page.GotoAsync("/review");
        Assert.NotEqual(item, await Item(ben.Page, []));

        // Her lease ends, and the same item is his.
        await using var context = lab.Store.CreateDbContext();
        await context.ReviewLeases.ExecuteDeleteAsync(Stop);
        await ben.Page.ReloadAsync();
        Assert.Equal(item, await Item(ben.Page, []));
        await Task.WhenAll(ann.Page.Keyboard.PressAsync("a"), ben.Page.Keyboard.PressAsync("a"));

        await Expect(Review(ann.Page)).Not.ToHaveAttributeAsync("data-item", item);
        await Expect(Review(ben.Page)).Not.ToHaveAttributeAsync("data-item", item);
        await Expect(ann.Page.GetByText("Somebody else has judged this item or has it now")).ToBeVisibleAsync();
        var stored = await context.Reviews.AsNoTracking().SingleAsync(Stop);
        Assert.Equal("ben", stored.Reviewer);
        var kept = await context.ReviewDrafts.AsNoTracking().SingleAsync(Stop);
        Assert.Equal(("ann", long.Parse(item)), (kept.Reviewer, kept.ItemId));
        Assert.EndsWith(" Mine.", kept.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lead_FromBatchToDecision_OnThePages()
    {
        await using var lab = await ReviewLab.Open(8);
        await using var lead = await lab.Join(site.Browser, "lea", Roles.Researcher);
        await lead.Go("/review");
        await lead.Page.GetByRole(AriaRole.Link, new() { Name = "Make a batch" }).ClickAsync();
        await lead.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("pairs");
        await lead.Page.GetByLabel("People per record").FillAsync("2");
        await Expect(lead.Page.GetByText("8 records fit")).ToBeVisibleAsync();
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Make the batch" }).ClickAsync();
        await Expect(lead.Page.GetByRole(AriaRole.Link, new() { Name = "pairs", Exact = true })).ToBeVisibleAsync();

        await using var ann = await lab.Join(site.Browser, "ann");
        await using var ben = await lab.Join(site.Browser, "ben");
        await JudgeInTurn(ann.Page, "aaar");
        await JudgeInTurn(ben.Page, "aafr");
        Assert.Empty(ann.Errors);

        await lead.Go("/review/agreement");
        await Expect(lead.Page.GetByRole(AriaRole.Row, new() { Name = "Verdict" }).First).ToContainTextAsync("75 %");
        await Expect(lead.Page.GetByRole(AriaRole.Row, new() { Name = "ann and ben" })).ToBeVisibleAsync();

        await lead.Go("/review/conflicts");
        await Expect(lead.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(1);
        await lead.Page.GetByLabel("hide who said it").CheckAsync();
        await Expect(lead.Page.GetByRole(AriaRole.Article)).Not.ToContainTextAsync("ann");
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Write a text" }).ClickAsync();
        await lead.Page.GetByLabel("Your text").FillAsync("Settled by the lead.");
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Take it" }).ClickAsync();
        await Expect(lead.Page.GetByText("No conflict")).ToBeVisibleAsync();
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "decided", Exact = true }).ClickAsync();
        await Expect(lead.Page.GetByText("lea decided: edited.")).ToBeVisibleAsync();

        // What the two fetched ahead is theirs for a while.
        await using var context = lab.Store.CreateDbContext();
        await context.ReviewLeases.ExecuteDeleteAsync(Stop);
        await lead.Go("/review/batches");
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Judge 4 items" }).ClickAsync();
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Judge them" }).ClickAsync();
        await Expect(lead.Page.GetByRole(AriaRole.Button, new() { Name = "Undo the last 4" })).ToBeVisibleAsync();

        var download = await lead.Page.RunAndWaitForDownloadAsync(() =>
            lead.Page.GetByRole(AriaRole.Link, new() { Name = "CSV of the reviews of pairs" }).ClickAsync()
        );
        Assert.Equal("pairs.csv", download.SuggestedFilename);
        var rows = (await File.ReadAllTextAsync(await download.PathAsync(), Stop)).Split("\r\n");
        Assert.Equal(1 + 4 + 4 + 1 + 4 + 1, rows.Length); // head, ann, ben, decision, at once, and the end of the last line
        Assert.Single(rows, row => row.Contains("\"lea\",\"decision\",\"edit\"", StringComparison.Ordinal));

        await lead.Go("/review/guidelines");
        await lead.Page.GetByLabel("Text of the guidelines").FillAsync("# Accept\nOnly what is <b>visible</b>.");
        await lead.Page.GetByRole(AriaRole.Button, new() { Name = "Save as a new version" }).ClickAsync();
        await Expect(lead.Page.GetByRole(AriaRole.Heading, new() { Name = "Write version 3" })).ToBeVisibleAsync();
        await Expect(lead.Page.Locator(".guideline-text")).ToContainTextAsync("<b>visible</b>");
        Assert.Empty(lead.Errors);

        Assert.Equal(1, await context.Reviews.CountAsync(review => review.Final, Stop));
        Assert.Equal(4, await context.Reviews.CountAsync(review => review.Bulk != null, Stop));
    }

    [Fact]
    [Trait("Id", "A-AUTH-6")]
    public async Task Viewer_LooksAndCannotJudge()
    {
        await using var lab = await ReviewLab.Open(2);
        await lab.AddBatch(new ReviewBatchPlan { Name = "looked at" });
        await using var vera = await lab.Join(site.Browser, "vera", Roles.Viewer);
        await vera.Go("/review");

        await Expect(vera.Page.GetByText("Your account may not do this.").First).ToBeVisibleAsync();
        await vera.Page.Keyboard.PressAsync("a");
        await vera.Go("/review/agreement");
        await Expect(vera.Page.GetByText("Nothing to compare yet.")).ToBeVisibleAsync();
        await Expect(vera.Page.GetByRole(AriaRole.Link, new() { Name = "Conflicts" })).ToHaveCountAsync(0);
        Assert.Empty(vera.Errors);
    }

    // What the verifiers suggest is dotted; only what the person pressed is stored.
    [Fact]
    public async Task Suggestion_Shown_IsNotTakenByAccepting()
    {
        await using var lab = await ReviewLab.Open(2);
        await lab.AddBatch(new ReviewBatchPlan { Name = "suggested" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await ann.Page.GotoAsync("/review");
        var first = await Item(ann.Page, []);
        var suggested = ann.Page.Locator(".rating-row").Nth(1).Locator(".suggested");
        await Expect(suggested).ToHaveCountAsync(1);
        await Expect(suggested).ToHaveAttributeAsync("aria-pressed", "false");
        await ann.Page.Keyboard.PressAsync("a");
        var second = await Item(ann.Page, [first]);
        await ann.Page.Keyboard.PressAsync("2");
        await Expect(ann.Page.Locator(".rating-row").First.Locator("[aria-pressed=true]")).ToHaveTextAsync("2");
        await ann.Page.Keyboard.PressAsync("a");
        await Expect(ann.Page.GetByText("All yours is judged")).ToBeVisibleAsync();

        await using var context = lab.Store.CreateDbContext();
        var ratings = await context.Reviews.OrderBy(review => review.Id).Select(one => one.Ratings).ToListAsync(Stop);
        Assert.Equal([null, """{"faithful":2}"""], ratings);
        Assert.NotEqual(first, second);
        Assert.Empty(ann.Errors);
    }

    [Fact]
    public async Task Menu_ForThoseWhoJudge_CountsWhatIsOpen()
    {
        await using var lab = await ReviewLab.Open(6);
        await lab.AddBatch(new ReviewBatchPlan { Name = "counted" });
        await using var ann = await lab.Join(site.Browser, "ann");
        await using var vera = await lab.Join(site.Browser, "vera", Roles.Viewer);
        await ann.Go("/datasets");
        await vera.Go("/datasets");

        await Expect(ann.Page.Locator(".nav a[href=review]")).ToHaveTextAsync("Review6 to judge");
        await Expect(vera.Page.Locator(".nav a[href=review]")).ToHaveTextAsync("Review");
    }

    [Fact]
    public async Task Phone_FromAnItem_ReachesThePagesAround()
    {
        await using var lab = await ReviewLab.Open(2);
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "on a phone" });
        await using var lead = await lab.Join(site.Browser, "lea", Roles.Researcher, width: 400);
        foreach (var page in (string[])["Batches", "Agreement", "Conflicts", "Guidelines"])
        {
            await lead.Go($"/review/{batch.Id}");
            await Item(lead.Page, []);
            await lead.Page.GetByRole(AriaRole.Link, new() { Name = page, Exact = true }).ClickAsync();
            await Expect(lead.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(page);
        }
        Assert.Empty(lead.Errors);
    }

    private static ILocator Review(IPage page) => page.Locator("[data-review]");

    /// <summary>The item that is ready for keys, none of those.</summary>
    private static async Task<string> Item(IPage page, IReadOnlyList<string> judged)
    {
        var handle = await page.WaitForFunctionAsync(
            "judged => { const item = document.querySelector('[data-review]')?.dataset.item; return item && !judged.includes(item) ? item : null; }",
            judged
        );
        return await handle.JsonValueAsync<string>();
    }

    private static async Task Rate(IPage page, int i)
    {
        if (i > 0)
            return;
        foreach (var (question, digit) in new[] { "1", "3", "5" }.Index())
        {
            await page.Keyboard.PressAsync(digit);
            await Expect(page.Locator(".rating-row").Nth(question).Locator("[aria-pressed=true]"))
                .ToHaveTextAsync(digit);
        }
    }

    private static async Task JudgeByKey(IPage page, string key, int i)
    {
        switch (key)
        {
            case "e":
                await Edit(page, $" Edited, number {i}.");
                await page.Keyboard.PressAsync("a");
                break;
            case "r":
                await page.Keyboard.PressAsync("r");
                await Expect(page.Locator(".reasons.asked")).ToBeVisibleAsync();
                await page.Keyboard.PressAsync("2");
                break;
            default:
                await page.Keyboard.PressAsync(key);
                break;
        }
    }

    /// <summary>E, types at the end, Esc.</summary>
    private static async Task Edit(IPage page, string text)
    {
        await page.Keyboard.PressAsync("e");
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Reasoning, edited" })).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync(text);
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator(".read ins").Last).ToContainTextAsync(text.Trim()[^5..]);
    }

    /// <summary>Types, and the site dies within the second; after its start the text is there, and the item is judged with it.</summary>
    private static async Task RestartWhileTyping(ReviewLab lab, Visitor visitor, List<string> judged)
    {
        var item = await Item(visitor.Page, judged);
        await visitor.Page.Keyboard.PressAsync("e");
        await Expect(visitor.Page.GetByRole(AriaRole.Textbox, new() { Name = "Reasoning, edited" })).ToBeFocusedAsync();
        await visitor.Page.Keyboard.TypeAsync(" This was saved.");
        await Expect(visitor.Page.Locator("[data-draft-state]")).ToHaveTextAsync("draft saved");
        await visitor.Page.Keyboard.TypeAsync(" This was typed as the site died.");
        await visitor.Page.EvaluateAsync("() => { window.before = true; }");
        await lab.Restart();
        await visitor.Page.WaitForFunctionAsync("() => window.before === undefined"); // it finds the site again by itself
        Assert.Equal(item, await Item(visitor.Page, judged));
        await Expect(visitor.Page.Locator(".read ins").Last).ToContainTextAsync("typed as the site died.");
        // Judged and undone, the text is a draft again: the next round accepts it.
        judged.Add(item);
        await visitor.Page.Keyboard.PressAsync("a");
        await Item(visitor.Page, judged);
        await visitor.Page.Keyboard.PressAsync("u");
        await Expect(Review(visitor.Page)).ToHaveAttributeAsync("data-item", item);
        judged.Remove(item);
    }

    private static async Task JudgeInTurn(IPage page, string keys)
    {
        await page.GotoAsync("/review");
        var judged = new List<string>();
        foreach (var key in keys)
        {
            judged.Add(await Item(page, judged));
            await page.Keyboard.PressAsync($"{key}");
            if (key == 'r')
            {
                await Expect(page.Locator(".reasons.asked")).ToBeVisibleAsync();
                await page.Keyboard.PressAsync("4");
            }
        }
        await page.WaitForFunctionAsync(
            "judged => !judged.includes(document.querySelector('[data-review]')?.dataset.item)",
            judged
        );
    }
}
