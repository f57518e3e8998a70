using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(CLGRPO.Web.Tests.Browser.BrowserFixture))]

namespace CLGRPO.Web.Tests.Browser;

/// <summary>One Chromium for all browser tests, and one site with an admin named ada.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    public const string AdminName = "ada";
    public const string Password = "correct horse battery";

    private static readonly string[] Flags =
    [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ];

    private readonly TemporaryFolder _folder = new();
    private IPlaywright? _playwright;
    private string _session = "";

    public IBrowser Browser { get; private set; } = null!;
    internal SiteProcess Site { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = Environment.GetEnvironmentVariable("CLGRPO_CHROMIUM") ?? "/usr/bin/chromium",
                Args = Flags,
            }
        );
        Site = await SiteProcess.Start(_folder.Path);
        await using var visitor = await Visitor.Open(Browser, Site.Address);
        await visitor.Join(await Site.FirstAdminLink, AdminName, Password);
        _session = await visitor.Context.StorageStateAsync();
    }

    /// <summary>A browser window of its own, nobody signed in.</summary>
    public Task<Visitor> Anonymous(string theme = "light", int width = 1440) =>
        Visitor.Open(Browser, Site.Address, theme, width);

    /// <summary>A browser window of its own, the admin signed in.</summary>
    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(Browser, Site.Address, theme, width, _session);

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        _playwright?.Dispose();
        if (Site is not null)
            await Site.DisposeAsync();
        _folder.Dispose();
    }
}
