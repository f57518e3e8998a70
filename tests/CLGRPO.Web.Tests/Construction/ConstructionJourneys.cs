using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Cot.Construction;
using CLGRPO.Data.Tests.Teachers;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>Chains of thought are made, in a browser, over the real site, its database and teachers that really listen.</summary>
public sealed class ConstructionJourneys(ConstructionSite site) : IClassFixture<ConstructionSite>
{
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 60_000 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Construction_FromTheFormToTheDataset_IsDone()
    {
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/construction/teachers");
        foreach (var name in (string[])["form-rules", "form-judge"])
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Teacher", Exact = true }).ClickAsync();
            await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
            await page.GetByLabel("Kind").SelectOptionAsync("Rule");
            await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
            await Expect(page.Locator("table.teachers")).ToContainTextAsync(name);
        }

        await visitor.Go("/construction/new");
        var chosen = page.Locator("table.choose-teachers input:checked");
        for (var left = await chosen.CountAsync(); left > 0; left--)
            await chosen.Nth(left - 1).UncheckAsync();
        var plan = page.Locator(".plan");
        await Expect(plan).ToContainTextAsync("name at least one teacher");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Start" })).ToBeDisabledAsync();
        await page.GetByLabel("only samples without an accepted text").UncheckAsync(); // other tests may have made some
        await page.GetByLabel("form-rules writes").CheckAsync();
        await page.GetByLabel("form-judge verifies").CheckAsync();
        await page.GetByLabel("At most", new() { Exact = true }).FillAsync("12");
        await page.GetByLabel("At most", new() { Exact = true }).BlurAsync();
        await Expect(plan.Locator("dd").First).ToHaveTextAsync("12");
        await Expect(plan).ToContainTextAsync("24 to 72");
        await Expect(plan).ToContainTextAsync("free");

        await Expect(plan).ToContainTextAsync("The writers are told the whole annotation");
        await page.GetByLabel("all attributes").UncheckAsync();
        await Expect(plan).ToContainTextAsync("told nothing of the annotation");
        var hint = page.Locator("fieldset:has-text('Hints') label").Nth(1);
        var told = (await hint.InnerTextAsync()).Trim();
        await hint.Locator("input").CheckAsync();
        await Expect(plan).ToContainTextAsync($"told of the annotation: {told}.");

        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("from the form");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await page.ReachAsync("**/construction/*");
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("done", Patient);
        await Expect(page.Locator(".construction-progress")).ToContainTextAsync("12 of 12 images decided");
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync($"told: {told}");
        await Expect(page.Locator(".job-teachers")).ToContainTextAsync("built in");
        await Expect(page.Locator(".decisions li")).ToHaveCountAsync(8);
        await page.GetByRole(AriaRole.Button, new() { Name = "Rejected", Exact = true }).ClickAsync();
        await Expect(page.Locator(".decisions")).Not.ToContainTextAsync("accepted");
        await page.GetByRole(AriaRole.Button, new() { Name = "Accepted", Exact = true }).ClickAsync();
        await page.Locator(".decision-picture").First.ClickAsync();
        await Expect(page.Locator(".record", new() { HasText = "form-rules" }).First).ToBeVisibleAsync();

        await visitor.Go("/datasets");
        await using var context = site.Store.CreateDbContext();
        var records = await context.Records.CountAsync(Stop);
        Assert.InRange(records, 12, int.MaxValue);
        await Expect(page.Locator("table.datasets tbody td").Nth(3)).ToHaveTextAsync($"{records:N0}");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Construction_InItsFirstRound_ShowsVerdictsAsTheyAreGiven()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await site.Hire(
            "live-writer",
            (request, sample) => Answer(CotLedger.Reasoning(request, sample.Label), sample.Label)
        );
        await site.Hire(
            "live-judge",
            (_, sample) =>
                sample.Id == site.LastKey ? new FakeAct.Held(gate.Task, Answer("so.", sample.Label))
                : sample.Label == site.HardLabel ? Answer("so.", "none of these")
                : Answer("so.", sample.Label)
        );
        var job = await site.Begin(
            "live",
            new
            {
                generators = new[] { "live-writer" },
                verifiers = new[] { "live-judge" },
                onlyMissing = false,
                splits = new[] { "train" },
            }
        );
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/construction/{job}");
        var decisions = page.Locator(".decisions");
        await Expect(decisions).ToContainTextAsync("accepted", Patient);
        await page.GetByRole(AriaRole.Button, new() { Name = "Rejected", Exact = true }).ClickAsync();
        await Expect(decisions).ToContainTextAsync("votes do not reach the label", Patient);
        await using (var context = site.Store.CreateDbContext())
            await Wait.Until(async () =>
                await context.Items.CountAsync(
                    item => item.JobId == job && item.State == ItemState.Open && item.Attempts == 0,
                    Stop
                ) == 1
            );
        await Expect(page.Locator(".parts-legend"))
            .ToContainTextAsync($"accepted {site.CountOf(label => label != site.HardLabel) - 1}", Patient);
        await Expect(page.Locator(".parts-legend")).ToContainTextAsync("round 1 of 3");
        await Expect(page.Locator($"li[data-emotion={site.HardLabel}]")).ToContainTextAsync("0.0");
        await Expect(page.Locator(".failures")).ToContainTextAsync("votes do not reach the label");
        gate.SetResult();
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("done", Patient);
        await Expect(page.Locator($"li[data-emotion={site.HardLabel}]"))
            .ToContainTextAsync($"0 accepted, {site.CountOf(label => label == site.HardLabel)} rejected");
        Assert.Empty(visitor.Errors);

        static FakeAct.Answer Answer(string think, string label) => new(think, $"<answer>{label}</answer>");
    }

    [Fact]
    public async Task Construction_PausedAndResumed_LosesNothing()
    {
        await site.Hire("slow-writer", new FakeHabits { Seed = 11 }, TimeSpan.FromMilliseconds(500));
        await site.Hire("slow-judge", new FakeHabits { Seed = 12 }, TimeSpan.FromMilliseconds(500));
        var job = await site.Begin(
            "paused",
            new
            {
                generators = new[] { "slow-writer" },
                verifiers = new[] { "slow-judge" },
                onlyMissing = false,
                splits = new[] { "train" },
                nearDuplicate = 0,
            }
        );
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/construction/{job}");
        await Expect(page.Locator(".decisions")).ToContainTextAsync("the picture shows", Patient);
        await Expect(page.Locator(".job-teachers")).ToContainTextAsync("healthy", Patient);

        await EveryPage.RequireAccessible(visitor, "construction-running-light-1440");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true }).ClickAsync();
        await Expect(page.Locator(".construction-lead .pill").First)
            .ToHaveTextAsync("paused", new() { Timeout = 30_000 });
        await using (var context = site.Store.CreateDbContext())
            Assert.NotEqual(
                0,
                await context.Items.CountAsync(item => item.JobId == job && item.State == ItemState.Open, Stop)
            );
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume", Exact = true }).ClickAsync();
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("done", Patient);

        await Expect(page.Locator(".construction-progress"))
            .ToContainTextAsync($"{ConstructionSite.Train} of {ConstructionSite.Train} images decided");
        Assert.Equal(0, site.Staff.Ledger.AskedAgain);
        await site.EveryAnswerIsThereOnce(job);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Teachers_ThatLimitAndFail_ShowTheirState()
    {
        await site.Hire("limits", (_, _) => new FakeAct.Error(429, RetryAfter: "40"));
        await site.Hire("fails", (_, _) => new FakeAct.Error(500));
        var job = await site.Begin(
            "states",
            new
            {
                generators = new[] { "limits", "fails" },
                quorum = 0,
                onlyMissing = false,
            }
        );
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/construction/{job}");
        await Expect(page.Locator(".job-teachers tr", new() { HasText = "limits" }))
            .ToContainTextAsync("rate-limited", Patient);
        await Expect(page.Locator(".job-teachers tr", new() { HasText = "fails" }))
            .ToContainTextAsync("circuit open", Patient);
        await EveryPage.RequireAccessible(visitor, "construction-states-light-1440");
        await visitor.Go("/construction/teachers");
        await Expect(page.Locator("table.teachers tr", new() { HasText = "fails" })).ToContainTextAsync("circuit open");

        await visitor.Go($"/construction/{job}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog)
            .GetByRole(AriaRole.Button, new() { Name = "Cancel the construction" })
            .ClickAsync();
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("cancelled", Patient);
        await site.Until(job, JobState.Cancelled);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Construction_OverItsBudget_PausesAndGoesOnWithMore()
    {
        await site.Hire("dear", new FakeHabits { Seed = 21 }, TimeSpan.Zero);
        var job = await site.Begin(
            "budget",
            new
            {
                generators = new[] { "dear" },
                quorum = 0,
                onlyMissing = false,
                limit = 12,
                budget = 1e-6,
            }
        );
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/construction/{job}");
        await Expect(page.Locator(".note").First).ToContainTextAsync("of its budget of", Patient);
        await Expect(page.Locator(".construction-lead .pill").First)
            .ToHaveTextAsync("paused", new() { Timeout = 30_000 });
        await page.GetByLabel("New budget").FillAsync("5");
        await page.GetByLabel("New budget").BlurAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Raise and resume" }).ClickAsync();
        await Expect(page.Locator(".construction-lead")).ToContainTextAsync("done", Patient);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task Teacher_AtAForbiddenAddress_IsRefusedAndAnAllowedOneAnswers()
    {
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/construction/teachers");
        var origin = page.GetByLabel("Origin", new() { Exact = true });
        foreach (
            var (address, why) in ((string, string)[])
                [
                    ("http://169.254.169.254", "metadata service"),
                    ("http://metadata.google.internal", "metadata service"),
                    ("https://2130706433", "no IPv4 address"),
                    ("http://teacher.example.org", "not encrypted"),
                ]
        )
        {
            await origin.FillAsync(address);
            await page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true }).ClickAsync();
            await Expect(page.Locator(".form-error")).ToContainTextAsync(why);
        }

        await using var server = await FakeTeacherServer.Start(
            new FakeAct.Answer(" the square is red.", "<answer>red</answer>"),
            key: "sk-secret-of-the-lab"
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Teacher", Exact = true }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("listening");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Endpoint" }).FillAsync(server.Endpoint);
        await page.GetByLabel("Model").FillAsync(FakeTeacherServer.Model);
        await page.GetByLabel("API key").FillAsync("sk-secret-of-the-lab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(page.Locator(".teacher-form .form-error")).ToContainTextAsync("not on the allow-list");

        await origin.FillAsync($"{server.Origin}");
        await page.GetByLabel("in the lab: http is good enough").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true }).ClickAsync();
        await Expect(page.Locator("section[aria-labelledby=origins]")).ToContainTextAsync($"{server.Origin}");
        await page.GetByLabel("API key").FillAsync("sk-secret-of-the-lab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        var row = page.Locator("table.teachers tr", new() { HasText = "listening" });
        await Expect(row).ToContainTextAsync("a key, sealed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test listening" }).ClickAsync();
        await Expect(row).ToContainTextAsync("healthy", Patient);
        Assert.NotEmpty(server.Requests);

        await page.GetByRole(AriaRole.Button, new() { Name = "Edit listening" }).ClickAsync();
        await Expect(page.GetByLabel("API key")).ToHaveValueAsync("");
        Assert.DoesNotContain("sk-secret", await page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", site.Site.Output, StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Prompt_ChangedAndTried_ShowsBothSidesWithChecksAndVotes()
    {
        await site.Hire("trial-writer", new FakeHabits { Seed = 31 }, TimeSpan.Zero);
        await site.HireRules("trial-judge");
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/construction/prompts");
        var text = page.GetByRole(AriaRole.Textbox, new() { Name = "Text" });
        var before = await text.InputValueAsync();
        await text.FillAsync(before.Replace("{label}", "label", StringComparison.Ordinal));
        await Expect(page.Locator(".draft-form")).ToContainTextAsync("lacks {label}");
        await text.FillAsync(
            before.Replace("Describe what is visible", "Name three visible things", StringComparison.Ordinal)
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Save as v" }).ClickAsync();
        await Expect(page.Locator("#prompt")).ToHaveTextAsync("generate v2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Differences" }).ClickAsync();
        await Expect(page.Locator(".prompt-text del").First).ToContainTextAsync("Describe");
        await Expect(page.Locator(".prompt-text ins").First).ToContainTextAsync("Name three");

        var trial = page.Locator(".trial");
        await trial.GetByLabel("Teacher").SelectOptionAsync("trial-writer");
        await Expect(trial.GetByLabel("First")).ToHaveValueAsync("generate@1");
        await trial.GetByRole(AriaRole.Button, new() { Name = "Try" }).ClickAsync();
        await Expect(trial.Locator(".trial-side")).ToHaveCountAsync(2, new() { Timeout = 60_000 });
        await Expect(trial.Locator(".trial-side").First).ToContainTextAsync("the picture shows");
        await Expect(trial.Locator(".trial-side").Last).ToContainTextAsync("generate@2");
        await Expect(trial.Locator(".trial-checks").Last).ToContainTextAsync("leakage passed");
        await Expect(trial.Locator(".trial-side").Last).ToContainTextAsync("votes");
        var sides = site.Staff.Servers["trial-writer"].Requests;
        Assert.Equal(2, sides.Count);
        Assert.Single(sides.Select(request => request.Seed).Distinct());
        await using var context = site.Store.CreateDbContext();
        Assert.Equal(
            2,
            await context.Calls.CountAsync(call => call.Teacher == "trial-writer" && call.JobId == null, Stop)
        );
        Assert.Empty(visitor.Errors);
    }
}
