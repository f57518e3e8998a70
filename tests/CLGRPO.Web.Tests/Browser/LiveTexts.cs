using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>The page of live rollouts over a run whose trainer is this test, which can make it say anything.</summary>
public sealed class LiveTexts(TextSite site, BrowserFixture browser) : IClassFixture<TextSite>
{
    private const string TextsOfCards =
        "() => [...document.querySelectorAll('[data-part=completions] .completion')].map(card => [...card.querySelectorAll('[data-words]')].map(part => part.textContent).join(''))";

    private static readonly string[] Hostile =
    [
        "<img src=x onerror=window.hit=1>",
        "<script>window.hit=1</script>",
        "<think>\"><svg onload=window.hit=1></think><answer><iframe srcdoc='<script>parent.hit=1</script>'></answer>",
        "[x](javascript:window.hit=1) {{constructor.constructor('window.hit=1')()}}",
        "<think></div></article></main><!-- </think><answer>-->awe</answer>",
        "right \u202Etfel\u202C \u200Bzero \u001b[31mred\u0000 nul",
        "<answer><style>*{display:none}</style></answer>",
        "&lt;b&gt; <a href=\"javascript:window.hit=1\">x</a>",
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-XSS-1")]
    [Trait("Id", "A-XSS-3")]
    public async Task Texts_ThatAreHostile_AreShownAsText()
    {
        var run = RunDirectory.Create(Path.Combine(site.Runs, "hostile"), LabFolder.Recipe(), environmentJson: null);
        using var held = run.Lock();
        using var events = RunEvents.Open(held);
        Store(held, events, steps: 1, [.. Hostile, new string('x', 300_000)]);
        using var listener = UnixSocket.Listen(run.LiveSocketPath);
        await Known("hostile");
        await using var visitor = await Visit();
        await visitor.Go("/runs/hostile/live");
        using var trainer = await listener.AcceptAsync(Stop);
        await Tell(trainer, step: 2, Hostile);

        await Expect(visitor.Page.Locator("[data-part=completions] .completion")).ToHaveCountAsync(Hostile.Length);
        await Expect(visitor.Page.Locator("[data-part=completions] .completion[data-end=stop]"))
            .ToHaveCountAsync(Hostile.Length);
        Assert.Equal(Hostile, await visitor.Page.EvaluateAsync<string[]>(TextsOfCards));
        await Expect(visitor.Page.Locator("[data-part=sample]")).ToHaveTextAsync(Hostile[0]);
        await Expect(visitor.Page.Locator("[data-part=prompt]")).ToHaveTextAsync(Hostile[1]);
        await Expect(visitor.Page.Locator("[data-part=label]")).ToHaveTextAsync(Hostile[0]);
        await Expect(visitor.Page.Locator(".completion [data-code='U+202E']")).ToBeVisibleAsync();

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Step back" }).ClickAsync();
        await Expect(visitor.Page.Locator("[data-part=completions] .completion")).ToHaveCountAsync(Hostile.Length + 1);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Table" }).ClickAsync();
        await Expect(visitor.Page.Locator("[data-part=table] > li")).ToHaveCountAsync(Hostile.Length + 2);
        Assert.True(
            await visitor.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"),
            "a long word makes the page scroll sideways"
        );
        Assert.Equal(0, await visitor.Page.Locator(".live-page :is(script, iframe, style, a)").CountAsync());
        Assert.True(await visitor.Page.EvaluateAsync<bool>("() => window.hit === undefined"));
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Landing_AfterTheRunEnded_OffersItsReplay()
    {
        var run = RunDirectory.Create(Path.Combine(site.Runs, "ended"), LabFolder.Recipe(), environmentJson: null);
        using (var held = run.Lock())
        using (var events = RunEvents.Open(held))
        {
            Store(held, events, steps: 3, ["<think>one</think><answer>awe</answer>", "two"]);
            events.Append(RunEvent.End("completed"));
        }
        await using var visitor = await Visit();
        await visitor.Go("/");
        // The site looks at the folders twice a second.
        await Expect(visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Live rollouts", Exact = true }))
            .ToBeVisibleAsync();
        await Known("ended");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Live rollouts", Exact = true }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Replay ended" }).ClickAsync();
        var step = visitor.Page.Locator("[data-part=step]");
        await Expect(step).ToHaveTextAsync("step 3");
        await Expect(visitor.Page.Locator("[data-part=state]")).ToHaveTextAsync("completed");

        // Replayed from its first step to its last.
        await visitor.Page.EvaluateAsync(
            "() => { window.seen = []; const step = document.querySelector('[data-part=step]'); new MutationObserver(() => window.seen.push(step.textContent)).observe(step, { childList: true, characterData: true, subtree: true }); }"
        );
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Replay" }).ClickAsync();
        await visitor.Page.WaitForFunctionAsync("() => window.seen.length >= 3");
        Assert.Equal(["step 1", "step 2", "step 3"], await visitor.Page.EvaluateAsync<string[]>("() => window.seen"));
        await Expect(visitor.Page.GetByText("accuracy 0.0").First).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Live_OfARunThatIsNotThere_SaysSo()
    {
        await using var visitor = await Visit();
        await visitor.Go("/runs/nobody/live");
        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
            .ToHaveTextAsync("There is no such run");
        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")]
    [InlineData("..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("clgrpo.db")]
    public async Task Image_NotThere_IsNotFound(string hash)
    {
        await using var visitor = await Visit();
        var address = new Uri(site.Address, $"/api/v1/datasets/images/{hash}").ToString();
        Assert.Equal(404, (await visitor.Context.APIRequest.GetAsync(address)).Status);
    }

    [Fact]
    public async Task Image_ByItsHash_IsServedAsWhatItIs()
    {
        await using var visitor = await Visit();
        var answer = await visitor.Context.APIRequest.GetAsync(
            new Uri(site.Address, $"/api/v1/datasets/images/{TextSite.Hash}").ToString()
        );
        Assert.Equal("image/png", answer.Headers["content-type"]);
        var shown = ImageDecoder.Decode(await answer.BodyAsync());
        Assert.Equal((1, 1), (shown.Width, shown.Height));
        using var stranger = new HttpClient { BaseAddress = site.Address };
        using var refused = await stranger.GetAsync($"/api/v1/datasets/images/{TextSite.Hash}", Stop);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private Task<Visitor> Visit() => Visitor.Open(browser.Browser, site.Address, session: browser.Session);

    private async Task Known(string run)
    {
        await using var visitor = await Visit();
        var address = new Uri(site.Address, $"/api/v1/runs/{run}").ToString();
        await Wait.Until(async () => (await visitor.Context.APIRequest.GetAsync(address)).Ok);
    }

    private static void Store(RunLock held, RunEvents events, int steps, string[] texts)
    {
        events.Append(RunEvent.RunStarted());
        events.Append(RunEvent.StageStarted("grpo", 4));
        for (var step = 1; step <= steps; step++)
        {
            RolloutLog.Write(held, step, [Stored(texts)], "grpo");
            events.Append(
                RunEvent.StepDone(
                    step,
                    new Dictionary<string, double>(StringComparer.Ordinal) { ["reward"] = step },
                    "grpo"
                )
            );
        }
    }

    private static RolloutGroup Stored(string[] texts) =>
        new(
            Hostile[0],
            TextSite.Hash,
            Hostile[1],
            Hostile[0],
            1,
            [
                .. texts.Select(text => new RolloutCompletion(
                    text,
                    new Dictionary<string, double>(StringComparer.Ordinal) { ["format"] = 1, ["accuracy"] = 0 },
                    1,
                    0,
                    5,
                    false
                )),
            ]
        );

    private static async Task Tell(Socket trainer, int step, string[] texts)
    {
        LiveFrame Frame(LiveFrameType type) =>
            new()
            {
                Type = type,
                Stage = "grpo",
                Step = step,
                Steps = 4,
                Time = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            };

        var group = new LiveGroup(0, Hostile[0], TextSite.Hash, Hostile[1], Hostile[0], texts.Length);
        await trainer.SendAsync(Frame(LiveFrameType.Snapshot).ToLine());
        await trainer.SendAsync((Frame(LiveFrameType.Status) with { Phase = "generate" }).ToLine());
        await trainer.SendAsync((Frame(LiveFrameType.Groups) with { Groups = [group] }).ToLine());
        // In pieces, as tokens come.
        foreach (var (index, text) in texts.Index())
        {
            var pieces = text.Chunk(3).Select(piece => new string(piece)).ToList();
            await trainer.SendAsync(
                (Frame(LiveFrameType.Tokens) with { Tokens = [new LiveTokens(0, index, 0, pieces, "stop")] }).ToLine()
            );
        }
    }
}

/// <summary>A site whose runs are written by tests, with one picture.</summary>
public sealed class TextSite(BrowserFixture browser) : IAsyncLifetime
{
    /// <summary>The picture's.</summary>
    public static readonly string Hash = new('a', 64);

    private readonly TemporaryFolder _folder = new();
    private SiteProcess _site = null!;

    public Uri Address => _site.Address;

    public string Runs => Path.Combine(_folder.Path, "runs");

    private string Datasets => Path.Combine(_folder.Path, "datasets");

    public async ValueTask InitializeAsync()
    {
        var blobs = Directory.CreateDirectory(Path.Combine(Datasets, "blobs")).FullName;
        var grey = ImageEncoder.Png(new RgbImage(1, 1, [128, 128, 128]));
        await File.WriteAllBytesAsync(Path.Combine(blobs, Hash), grey);
        browser.Furnish(Datasets, Path.Combine(_folder.Path, "data"));
        _site = await SiteProcess.Start(
            _folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = Runs,
                ["Site__Datasets"] = Datasets,
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (_site is not null)
            await _site.DisposeAsync();
        _folder.Dispose();
    }
}
