using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Playground;

/// <summary>The playground as a person meets it, over really trained models.</summary>
[Collection(nameof(PlaygroundSite))]
public sealed class PlaygroundJourneys(PlaygroundSite site)
{
    private static readonly Regex Label = Pattern(
        "^(amusement|awe|contentment|excitement|anger|disgust|fear|sadness)$"
    );

    // The first request starts the process and loads the models, beside whatever else the machine does.
    private static LocatorAssertionsToHaveTextOptions Patient => new() { Timeout = 60_000 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Photo_Dropped_IsAnsweredByTwoModelsVotedOnLookedAtRatedAndKept()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        // What the others of these tests asked is nothing to this one.
        await page.EvaluateAsync("() => fetch('/api/v1/playground/history', { method: 'DELETE' })");
        await Open(visitor, "/playground");
        var (a, b) = (Card(page, "A"), Card(page, "B"));
        await Expect(a.Locator(".pg-model")).ToContainTextAsync("Baseline");
        await Expect(b.Locator(".pg-model")).ToContainTextAsync("Stage 4");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeDisabledAsync();
        await EveryPage.RequireAccessible(visitor, "playground-empty");

        // Dropped, then sent by Enter: each model is asked as it was trained.
        await Drop(page, "photo.png", await File.ReadAllBytesAsync(site.PicturePath, Stop));
        await page.WaitForFunctionAsync("() => document.querySelector('.pg-fit img')?.naturalWidth > 0");
        await page.GetByLabel("Question").PressAsync("Enter");
        await Expect(a.Locator(".pill")).ToHaveTextAsync(Pattern(@"^\d+\.\d\d s$"), Patient);
        await Expect(a.Locator(".pg-big")).ToHaveTextAsync(Label, Patient);
        await Expect(b.Locator(".pg-big")).ToHaveTextAsync(Label, Patient);
        await Expect(a).ToContainTextAsync("No reasoning, 0 tokens");
        await Expect(b.Locator(".pg-fold-head"))
            .ToHaveTextAsync(Pattern(@"Thought for \d+\.\d\d s\s*\d+ tokens, \d+ per s"));
        await Expect(b.Locator(".pg-bars li")).ToHaveCountAsync(8);
        await Expect(b.Locator(".pg-bars .most")).ToHaveCountAsync(1);

        // Folded since the answer came; opened by hand, and as it was written.
        await Expect(b.Locator(".pg-reasoning")).ToHaveCountAsync(0);
        await b.Locator(".pg-fold-head").ClickAsync();
        await Expect(b.Locator(".pg-reasoning")).Not.ToBeEmptyAsync();
        await b.GetByRole(AriaRole.Button, new() { Name = "Raw" }).ClickAsync();
        await Expect(b.Locator(".pg-raw")).ToHaveTextAsync(Pattern("^<think>.+</think>.*<answer>.+</answer>$"));
        await b.GetByRole(AriaRole.Button, new() { Name = "Raw" }).ClickAsync();

        // Samples and their vote.
        await Slide(page, "samples", 4);
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Expect(b.Locator(".pg-votes button")).ToHaveCountAsync(4);
        await Expect(a.Locator(".pg-vote")).ToContainTextAsync("Vote of 4");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" }))
            .ToBeEnabledAsync(new() { Timeout = 60_000 });
        await Expect(b.Locator(".pg-vote")).Not.ToContainTextAsync("to come");
        await b.GetByRole(AriaRole.Button, new() { Name = "Sample 3" }).ClickAsync();
        await Expect(b.Locator(".pg-votes [aria-pressed=true]")).ToHaveCountAsync(1);

        // Where it looked.
        await page.GetByRole(AriaRole.Button, new() { Name = "Where it looked" }).ClickAsync();
        await Expect(page.Locator(".pg-fit canvas")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync(
            "() => { const c = document.querySelector('.pg-fit canvas'); return c && new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size > 8; }"
        );
        await page.GetByLabel("strength").FillAsync("40");
        await Expect(page.Locator(".pg-fit canvas")).ToHaveCSSAsync("opacity", "0.4");
        await Slide(page, "strength", 70);

        // A thumb, which is there after the page is opened anew.
        await b.GetByRole(AriaRole.Button, new() { Name = "Good answer of B" }).ClickAsync();
        await Expect(b.GetByRole(AriaRole.Button, new() { Name = "Good answer of B" }))
            .ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(b).ToContainTextAsync("Kept in your history alone: a picture that you brought is in no data set");
        await EveryPage.RequireAccessible(visitor, "playground-light-1440");
        await Open(visitor, "/playground");
        await page.GetByRole(AriaRole.Button, new() { Name = "History" }).ClickAsync();
        await Expect(page.Locator(".pg-history li")).ToHaveCountAsync(2);
        await Expect(page.Locator(".pg-history li").First).ToContainTextAsync("good");
        await page.Locator(".pg-past").First.ClickAsync();
        await Expect(b.Locator(".pg-votes button")).ToHaveCountAsync(4);
        await Expect(b.Locator(".pg-big")).ToHaveTextAsync(Label, Patient);
        await Expect(page.Locator(".pg-fit img")).ToBeVisibleAsync();
        await EveryPage.RequireAccessible(visitor, "playground-history");
        await Pictures("dark", 1440);
        await Pictures("light", 400);
        await Pictures("dark", 400);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete this question" }).First.ClickAsync();
        await Expect(page.Locator(".pg-history li")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete all" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(page.GetByText("Nothing yet")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Thumb_OnASampleOfADataSet_BringsTheReasoningBeforeReviewers()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await page.Locator(".pg-strip button img").First.ClickAsync();
        await page.GetByLabel("Question").PressAsync("Enter");
        var (a, b) = (Card(page, "A"), Card(page, "B"));
        await Expect(b.Locator(".pg-big")).ToHaveTextAsync(Label, Patient);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" }))
            .ToBeEnabledAsync(new() { Timeout = 60_000 });
        await b.Locator(".pg-fold-head").ClickAsync();
        var reasoning = (await b.Locator(".pg-reasoning").TextContentAsync())!.Trim();

        await a.GetByRole(AriaRole.Button, new() { Name = "Bad answer of A" }).ClickAsync();
        await Expect(a).ToContainTextAsync("it holds no reasoning that reviewers could judge");
        await b.GetByRole(AriaRole.Button, new() { Name = "Bad answer of B" }).ClickAsync();
        await EveryPage.RequireAccessible(visitor, "playground-thumb");
        await b.GetByRole(AriaRole.Link, new() { Name = "In the review queue: Playground, emoscenes." }).ClickAsync();

        await Expect(page.Locator(".read")).ToHaveTextAsync(reasoning);
        await Expect(page.Locator(".history")).ToContainTextAsync("playground");
        await Expect(page.GetByText("Thumb down in the playground.")).ToBeVisibleAsync();
        await page.Locator("[data-review][data-item]").WaitForAsync();
        await page.Keyboard.PressAsync("r");
        await Expect(page.Locator(".reasons.asked")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("1");
        await Expect(page.GetByText("All yours is judged")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Answer_OnItsWay_GrowsAndIsStoppedByEscape()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        var checkpoint = await NewestCheckpoint(visitor, PlaygroundSite.Endless);
        await Open(visitor, $"/playground?model={PlaygroundSite.Endless}/{checkpoint}");
        await page.Locator(".pg-strip button img").First.ClickAsync();
        await Slide(page, "max tokens", 1024);
        await page.GetByLabel("Question").FillAsync("What is <b>here</b>?");
        await page.GetByLabel("Question").PressAsync("Enter");

        var card = Card(page, "A");
        const string written = "() => document.querySelector('.pg-reasoning')?.textContent.length ?? 0";
        await page.WaitForFunctionAsync($"() => ({written})() > 0", null, new() { Timeout = 60_000 });
        var before = await page.EvaluateAsync<int>(written);
        await page.WaitForFunctionAsync($"n => ({written})() > n", before);
        await Expect(page.GetByText("edited")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(card.Locator("header .pill")).ToHaveTextAsync("stopped", Patient);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeEnabledAsync();
        await EveryPage.RequireAccessible(visitor, "playground-stopped");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    [Trait("Id", "A-IMG-1")]
    [Trait("Id", "A-UP-1")]
    public async Task HostilePictures_Dropped_AreRefusedWithTheReason()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        var refused = page.Locator(".pg-input [role=alert]");
        await Drop(page, "page.png", "<html><script>alert(1)</script></html>"u8.ToArray());
        await Expect(refused).ToContainTextAsync("page.png is not taken.");
        await Drop(page, "bomb.png", Bomb());
        await Expect(refused).ToContainTextAsync(Pattern(@"bomb\.png is not taken\. .*(60000|pixels)"));
        await Drop(page, "large.jpg", new byte[(10 << 20) + 1]);
        await Expect(refused).ToContainTextAsync("large.jpg is not taken. The picture is larger than 10 MiB.");
        var cut = await File.ReadAllBytesAsync(site.PicturePath, Stop);
        await Drop(page, "cut.png", cut[..(cut.Length / 2)]);
        await Expect(refused).ToContainTextAsync("cut.png is not taken.");
        await EveryPage.RequireAccessible(visitor, "playground-refused");
        await Drop(page, "photo.png", cut);
        await Expect(page.Locator(".pg-fit img")).ToBeVisibleAsync();
        await Expect(refused).ToHaveCountAsync(0);

        // What the browser is not asked to check, the endpoint checks itself.
        var answer = await visitor.Context.APIRequest.PostAsync(
            new Uri(site.Address, "/api/v1/playground/images").ToString(),
            new() { DataByte = new byte[(10 << 20) + 1] }
        );
        Assert.Equal(413, answer.Status);
        var unknown = await visitor.Context.APIRequest.GetAsync(
            new Uri(site.Address, $"/api/v1/playground/images/{new string('0', 64)}").ToString()
        );
        Assert.Equal(404, unknown.Status);
        Assert.DoesNotContain(visitor.Errors, error => !error.Contains("422", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_AsCurl_IsAnsweredWithAKeyFromTheEnvironment()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await page.GetByLabel("Question").FillAsync("What does it \"say\" for $5 `now`?\nThink.");
        await page.GetByLabel("Question").BlurAsync();
        var code = page.Locator("#pg-call");
        await Expect(code).ToContainTextAsync("$CLGRPO_KEY");
        await Expect(code).ToContainTextAsync($"\"model\": \"{PlaygroundSite.Run}/step-");
        var call = await code.TextContentAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "C#" }).ClickAsync();
        await Expect(code).ToContainTextAsync("Environment.GetEnvironmentVariable(\"CLGRPO_KEY\")");
        await page.GetByRole(AriaRole.Button, new() { Name = "Python" }).ClickAsync();
        await Expect(code).ToContainTextAsync("os.environ[\"CLGRPO_KEY\"]");

        var made = await visitor.Context.APIRequest.PostAsync(
            new Uri(site.Address, "/api/v1/keys").ToString(),
            new()
            {
                DataObject = new
                {
                    client = "curl",
                    scopes = (string[])["inference"],
                    days = 1,
                },
            }
        );
        Assert.True(made.Ok, await made.TextAsync());
        var key = (await made.JsonAsync())!.Value.GetProperty("text").GetString()!;
        using var folder = new TemporaryFolder();
        File.Copy(site.PicturePath, Path.Combine(folder.Path, "picture.jpg"));
        var output = await Bash(call!, folder.Path, key);
        Assert.Contains("chat.completion.chunk", output, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]", output.TrimEnd(), StringComparison.Ordinal);
    }

    private static async Task<string> Bash(string script, string folder, string key)
    {
        var start = new ProcessStartInfo("bash", ["-c", script.Replace("curl ", "curl -s ", StringComparison.Ordinal)])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment["CLGRPO_KEY"] = key;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        return output;
    }

    private async Task Pictures(string theme, int width)
    {
        await using var visitor = await site.Visit(theme, width);
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await page.GetByRole(AriaRole.Button, new() { Name = "History" }).ClickAsync();
        await page.Locator(".pg-past").First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Where it looked" }).ClickAsync();
        await Expect(page.Locator(".pg-fit canvas")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Settings", Exact = true }).ClickAsync();
        await page.Locator(".pg-fold-head").Last.ClickAsync();
        await EveryPage.RequireAccessible(visitor, $"playground-{theme}-{width}");
        Assert.Empty(visitor.Errors);
    }

    private static async Task Open(Visitor visitor, string path)
    {
        await visitor.Go(path);
        await Expect(visitor.Page.Locator(".pg[data-ready]")).ToHaveCountAsync(1);
    }

    private static ILocator Card(IPage page, string letter) =>
        page.GetByRole(AriaRole.Region, new() { NameRegex = Pattern($"^{letter}, ") });

    private static async Task Slide(IPage page, string name, int value)
    {
        await page.GetByLabel(name).FillAsync($"{value}");
        if (name != "strength")
            await Expect(page.Locator(".pg-settings label", new() { HasText = name }).Locator("b"))
                .ToHaveTextAsync($"{value}");
    }

    private static async Task Drop(IPage page, string name, byte[] bytes)
    {
        var transfer = await page.EvaluateHandleAsync(
            "([name, text]) => { const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0)); const transfer = new DataTransfer(); transfer.items.add(new File([bytes], name)); return transfer; }",
            new[] { name, Convert.ToBase64String(bytes) }
        );
        await page.DispatchEventAsync(".pg", "drop", new { dataTransfer = transfer });
    }

    private async Task<string> NewestCheckpoint(Visitor visitor, string run)
    {
        var answer = await visitor.Context.APIRequest.GetAsync(
            new Uri(site.Address, $"/api/v1/runs/{run}/checkpoints").ToString()
        );
        var json = (await answer.JsonAsync())!.Value;
        var items = json.ValueKind == JsonValueKind.Array ? json : json.GetProperty("items");
        return items
            .EnumerateArray()
            .Select(item => item.GetProperty("name").GetString()!)
            .Max(StringComparer.Ordinal)!;
    }

    /// <summary>A PNG's head that claims 60,000 × 60,000 pixels.</summary>
    private static byte[] Bomb()
    {
        byte[] head = [.. "IHDR"u8, 0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 2, 0, 0, 0];
        var crc = uint.MaxValue;
        foreach (var value in head)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        var check = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(check, ~crc);
        byte[] end = [0, 0, 0, 0, .. "IEND"u8, 0xAE, 0x42, 0x60, 0x82];
        return [0x89, .. "PNG\r\n\x1a\n"u8, 0, 0, 0, 13, .. head, .. check, .. end];
    }

    private static Regex Pattern(string text) => new(text, RegexOptions.Singleline, TimeSpan.FromSeconds(1));
}
