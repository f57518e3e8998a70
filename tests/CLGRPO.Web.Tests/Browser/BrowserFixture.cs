using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;
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

    private const string Database = "clgrpo.db";

    private readonly TemporaryFolder _folder = new();
    private IPlaywright? _playwright;

    private string Kept => Path.Combine(_folder.Path, "kept");

    public IBrowser Browser { get; private set; } = null!;

    /// <summary>The admin's cookies.</summary>
    public string Session { get; private set; } = "";

    internal SiteProcess Site { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(20_000); // trainers and other tests share the processor
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium(), Args = Flags });
        Site = await SiteProcess.Start(_folder.Path);
        await using var visitor = await Visitor.Open(Browser, Site.Address);
        await visitor.Join(await Site.FirstAdminLink, AdminName, Password);
        Session = await visitor.Context.StorageStateAsync();
        await Keep();
    }

    // Of the same engine, the shell without a window's frame comes first: it draws only the pages, and lets go of a window at once, which
    // the whole browser (156, --headless) now and then never does.
    private static string Chromium() =>
        Environment.GetEnvironmentVariable("CLGRPO_CHROMIUM")
        ?? ((string[])["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"]).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException(
            "No Chromium: install chromium-headless-shell, or set CLGRPO_CHROMIUM to the path of one."
        );

    /// <summary>
    /// Gives the folders of a site that is not started yet what this one had after its first admin came: the accounts, and the keys that
    /// seal cookies. There, too, <see cref="Session"/> is the admin's.
    /// </summary>
    public void Furnish(string datasets, string state)
    {
        Directory.CreateDirectory(datasets);
        File.Copy(Path.Combine(Kept, Database), Path.Combine(datasets, Database));
        var keys = Directory.CreateDirectory(Path.Combine(state, "keys"));
        foreach (var key in Directory.EnumerateFiles(Path.Combine(Kept, "keys")))
            File.Copy(key, Path.Combine(keys.FullName, Path.GetFileName(key)));
    }

    private async Task Keep()
    {
        var keys = Directory.CreateDirectory(Path.Combine(Kept, "keys"));
        foreach (var key in Directory.EnumerateFiles(Path.Combine(_folder.Path, "data", "keys")))
            File.Copy(key, Path.Combine(keys.FullName, Path.GetFileName(key)));
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(_folder.Path, "datasets", Database)));
        await using var context = store.CreateDbContext();
        await context.Database.ExecuteSqlAsync($"VACUUM INTO {Path.Combine(Kept, Database)}");
    }

    /// <summary>A browser window of its own, nobody signed in.</summary>
    public Task<Visitor> Anonymous(string theme = "light", int width = 1440) =>
        Visitor.Open(Browser, Site.Address, theme, width);

    /// <summary>A browser window of its own, the admin signed in.</summary>
    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(Browser, Site.Address, theme, width, Session);

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
