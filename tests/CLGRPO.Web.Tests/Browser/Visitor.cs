using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A person at a browser. Whatever the console calls an error is kept, so that a test can insist on none.</summary>
public sealed class Visitor : IAsyncDisposable
{
    /// <summary>A desktop's and a phone's.</summary>
    public static readonly IReadOnlyList<int> Widths = [1440, 400];

    // As the site's own button does.
    private const string SetTheme =
        "theme => { document.documentElement.dataset.theme = theme; document.dispatchEvent(new Event('themechange')); }";

    private readonly List<string> _errors = [];

    private Visitor(IBrowserContext context, IPage page)
    {
        Context = context;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                _errors.Add($"{message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => _errors.Add(error);
    }

    public IBrowserContext Context { get; }
    public IPage Page { get; }

    /// <summary>Errors of the console so far: exceptions, files that are missing, what the content security policy stopped.</summary>
    public IReadOnlyList<string> Errors => _errors;

    public static async Task<Visitor> Open(
        IBrowser browser,
        Uri site,
        string theme = "light",
        int width = 1440,
        string? session = null
    )
    {
        var context = await browser.NewContextAsync(
            new()
            {
                BaseURL = site.ToString(),
                ViewportSize = new() { Width = width, Height = HeightOf(width) },
                ColorScheme = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
                ReducedMotion = ReducedMotion.Reduce,
                StorageState = session,
            }
        );
        await context.AddCookiesAsync([
            new()
            {
                Name = "theme",
                Value = theme,
                Url = site.ToString(),
            },
        ]);
        context.SetDefaultTimeout(30_000);
        return new Visitor(context, await context.NewPageAsync());
    }

    /// <summary>Makes the window as wide as another device's.</summary>
    public Task Resize(int width) => Page.SetViewportSizeAsync(width, HeightOf(width));

    private static int HeightOf(int width) => width < 760 ? 860 : 1000;

    /// <summary>Asks that the page, as it is now, is accessible at both widths in both themes; takes pictures where they are asked for.</summary>
    public async Task RequireAccessible(string name)
    {
        foreach (var theme in (string[])["light", "dark"])
        foreach (var width in Widths)
        {
            await Resize(width);
            await Page.EvaluateAsync(SetTheme, theme);
            await EveryPage.RequireAccessible(this, $"{name}-{theme}-{width}");
        }
        await Resize(Widths[0]);
        await Page.EvaluateAsync(SetTheme, "light");
    }

    /// <summary>Goes to a page and waits until it is alive.</summary>
    public async Task Go(string path)
    {
        await Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.Load });
        await Ready();
    }

    /// <summary>Waits until the circuit is there, where the page has one.</summary>
    public Task Ready() =>
        Page.WaitForFunctionAsync(
            "() => window.Blazor !== undefined && (!document.querySelector('.app') || document.querySelector('[data-live]') !== null)"
        );

    public async Task SignIn(string name, string password)
    {
        await Page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await Page.GetByLabel("Password", new() { Exact = true }).FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Follows an invitation and makes the account.</summary>
    public async Task Join(string link, string name, string password)
    {
        await Page.GotoAsync(link);
        await Page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await Page.GetByLabel("Password", new() { Exact = true }).FillAsync(password);
        await Page.GetByLabel("Password again").FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await Page.ReachAsync("**/");
        await Ready();
    }

    // Playwright waits for this one answer of the browser without a limit.
    public async ValueTask DisposeAsync() => await Context.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));
}
