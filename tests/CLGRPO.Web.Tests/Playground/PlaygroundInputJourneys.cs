using System.Text.RegularExpressions;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Playground;

/// <summary>How a picture gets into the playground, what is cut, what has to wait, and who has to leave.</summary>
[Collection(nameof(PlaygroundSite))]
public sealed class PlaygroundInputJourneys(PlaygroundSite site)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static LocatorAssertionsToBeVisibleOptions Patient => new() { Timeout = 60_000 };

    [Fact]
    public async Task Picture_Pasted_IsShownAndTextIsLeftToTheQuestion()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await Paste(page, "photo.png", await File.ReadAllBytesAsync(site.PicturePath, Stop));
        await RequireShown(page, "/api/v1/playground/images/");
        var first = await page.Locator(".pg-fit img").GetAttributeAsync("src");

        // A picture from the clipboard of the system itself, as Ctrl+V brings it.
        await visitor.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.EvaluateAsync(
            """
            async () => {
              const canvas = new OffscreenCanvas(40, 30);
              const context = canvas.getContext('2d');
              context.fillStyle = 'teal';
              context.fillRect(0, 0, 40, 30);
              const blob = await canvas.convertToBlob({ type: 'image/png' });
              await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
            }
            """
        );
        await page.GetByLabel("Question").FocusAsync();
        await page.Keyboard.PressAsync("Control+V");
        await Expect(page.Locator(".pg-fit img")).Not.ToHaveAttributeAsync("src", first!);
        await page.WaitForFunctionAsync("() => document.querySelector('.pg-fit img')?.naturalWidth === 40");

        await page.EvaluateAsync("() => navigator.clipboard.writeText(' And why?')");
        await page.GetByLabel("Question").PressAsync("End");
        await page.Keyboard.PressAsync("Control+V");
        await Expect(page.GetByLabel("Question")).ToHaveValueAsync(Pattern(" And why\\?$"));
        await page.WaitForFunctionAsync("() => document.querySelector('.pg-fit img')?.naturalWidth === 40");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Picture_ChosenInTheDialog_IsShownAlsoTheSameTwice()
    {
        await using var visitor = await site.Visit(width: 400);
        var page = visitor.Page;
        await Open(visitor, "/playground");
        for (var i = 0; i < 2; i++)
        {
            var dialog = await page.RunAndWaitForFileChooserAsync(() =>
                page.GetByRole(AriaRole.Button, new() { Name = "Drop, paste or choose" }).ClickAsync()
            );
            Assert.False(dialog.IsMultiple);
            await dialog.SetFilesAsync(
                new FilePayload
                {
                    Name = "photo.png",
                    MimeType = "image/png",
                    Buffer = await File.ReadAllBytesAsync(site.PicturePath, Stop),
                }
            );
            await RequireShown(page, "/api/v1/playground/images/");
            await page.Locator(".pg-strip button img").First.ClickAsync();
            await RequireShown(page, "/api/v1/datasets/images/");
        }
        await EveryPage.RequireAccessible(visitor, "playground-chosen-400");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Sample_OfADataSet_IsBroughtByALinkWithItsLabel()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await page.Locator(".pg-strip button img").First.ClickAsync();
        var address = await page.Locator(".pg-fit img").GetAttributeAsync("src");
        var hash = Pattern("[0-9a-f]{64}").Match(address!).Value;

        await Open(visitor, $"/playground?picture={hash}");
        await Expect(page.Locator(".pg-fit img")).ToHaveAttributeAsync("src", address!);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeEnabledAsync();

        await Open(visitor, $"/playground?picture={new string('0', 64)}");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The picture of this link is not there");
        await Open(visitor, "/playground?picture=..%2F..%2Fetc%2Fpasswd");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The picture of this link is not there");

        await page.GetByRole(AriaRole.Link, new() { Name = "Browse" }).ClickAsync();
        await page.ReachAsync("**/datasets**");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Answer_CutAtTheLimit_SaysSo()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await page.Locator(".pg-strip button img").First.ClickAsync();
        await Slide(page, "max tokens", 16);
        await Slide(page, "temperature", 0);
        await page.GetByLabel("Question").PressAsync("Enter");
        var reasoning = page.GetByRole(AriaRole.Region, new() { NameRegex = Pattern("^B, ") });
        await Expect(reasoning.GetByText("truncated while thinking")).ToBeVisibleAsync(Patient);
        await Expect(reasoning.GetByText("cut before the answer")).ToBeVisibleAsync();
        await EveryPage.RequireAccessible(visitor, "playground-truncated");

        // A model that knows no tags is cut in the middle of its words.
        var endless = await page.EvaluateAsync<string>(
            $"() => [...document.querySelectorAll('option')].map(o => o.value).find(v => v.startsWith('{PlaygroundSite.Endless}/'))"
        );
        await Open(visitor, $"/playground?model={Uri.EscapeDataString(endless)}");
        await page.Locator(".pg-strip button img").First.ClickAsync();
        await Slide(page, "max tokens", 16);
        await page.GetByLabel("Question").PressAsync("Enter");
        var loose = page.GetByRole(AriaRole.Region, new() { NameRegex = Pattern("^A, ") });
        await Expect(loose.GetByText("truncated", new() { Exact = true })).ToBeVisibleAsync(Patient);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Training_OnTheSameMachine_IsSaidToGoFirst()
    {
        await using var visitor = await site.Visit();
        var page = visitor.Page;
        await Open(visitor, "/playground");
        await Expect(page.GetByText("is training and goes first")).ToHaveCountAsync(0);
        var created = await visitor.Context.APIRequest.PostAsync(
            "/api/v1/runs",
            new() { DataObject = new { recipe = PlaygroundSite.LongRecipe } }
        );
        Assert.True(created.Ok, await created.TextAsync());
        var run = (await created.JsonAsync())!.Value.GetProperty("id").GetString()!;
        try
        {
            await Expect(page.GetByText($"{run} is training and goes first.")).ToBeVisibleAsync(Patient);
            await EveryPage.RequireAccessible(visitor, "playground-training");
        }
        finally
        {
            await visitor.Context.APIRequest.PostAsync(
                $"/api/v1/runs/{run}/control",
                new() { DataObject = new { action = "abort" } }
            );
        }
        await Expect(page.GetByText("is training and goes first")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    [Trait("Id", "A-AUTH-6")]
    public async Task Person_BlockedInTheMiddleOfAnAnswer_IsCutOff()
    {
        await using var admin = await site.Visit();
        var page = admin.Page;
        await admin.Go("/admin");
        await page.GetByLabel("Role of the invited").SelectOptionAsync("Researcher");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        await using var leaver = await site.Stranger();
        await leaver.Join(
            (await page.Locator("#invitation-link").TextContentAsync())!,
            "leaver",
            BrowserFixture.Password
        );
        await Open(leaver, "/playground");
        await leaver.Page.Locator(".pg-strip button img").First.ClickAsync();
        // A question to the API with the page's session, again and again.
        await leaver.Page.EvaluateAsync(
            """
            model => {
              window.ended = 'no';
              const ask = async () => {
                const answer = await fetch('/v1/chat/completions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({
                  model, stream: true, temperature: 1, n: 8, max_tokens: 1900, messages: [{ role: 'user', content: 'why' }] }) });
                if (!answer.ok) { window.ended = 'refused'; return; }
                const reader = answer.body.getReader();
                try { while (!(await reader.read()).done) window.read = (window.read ?? 0) + 1; } catch { window.ended = 'cut'; return; }
                await ask(); // it may have come to its end
              };
              void ask();
            }
            """,
            PlaygroundSite.Endless
        );
        await leaver.Page.WaitForFunctionAsync("() => window.read > 3", null, new() { Timeout = 60_000 });

        await page.ReloadAsync();
        await admin.Ready();
        await page.GetByRole(AriaRole.Button, new() { Name = "Block leaver", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Block" }).ClickAsync();

        await Expect(leaver.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
            .ToHaveTextAsync("No access", new() { Timeout = 20_000 });
        await leaver.Page.WaitForFunctionAsync("() => window.ended !== 'no'", null, new() { Timeout = 20_000 });
        Assert.Contains(await leaver.Page.EvaluateAsync<string>("() => window.ended"), (string[])["cut", "refused"]);
        var anew = await leaver.Context.APIRequest.GetAsync("/v1/models");
        Assert.Equal(401, anew.Status);
    }

    private static async Task Open(Visitor visitor, string path)
    {
        await visitor.Go(path);
        await Expect(visitor.Page.Locator(".pg[data-ready]")).ToHaveCountAsync(1);
    }

    private static async Task RequireShown(IPage page, string address)
    {
        await Expect(page.Locator(".pg-fit img")).ToHaveAttributeAsync("src", Pattern(address[1..]));
        await page.WaitForFunctionAsync("() => document.querySelector('.pg-fit img')?.naturalWidth > 0");
    }

    private static async Task Slide(IPage page, string name, double value)
    {
        await page.GetByLabel(name).FillAsync($"{value}");
        await Expect(page.Locator(".pg-settings label", new() { HasText = name }).Locator("b"))
            .ToHaveTextAsync($"{value}");
    }

    /// <summary>A paste as a browser tells it of a file that was copied in a file manager.</summary>
    private static async Task Paste(IPage page, string name, byte[] bytes) =>
        await page.EvaluateAsync(
            """
            ([name, text]) => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name));
              document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
            }
            """,
            new[] { name, Convert.ToBase64String(bytes) }
        );

    private static Regex Pattern(string text) => new(text, RegexOptions.Singleline, TimeSpan.FromSeconds(1));
}
