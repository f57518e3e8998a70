using CLGRPO.Web.Tests.Runs;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A site over a lab of its own, where real runs train on one core; an admin named ada is signed in.</summary>
internal sealed class LabSite : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly BrowserFixture _browser;
    private readonly SiteProcess _site;
    private string _session = "";

    private LabSite(BrowserFixture browser, SiteProcess site, LabFolder lab, TemporaryFolder folder) =>
        (_browser, _site, Lab, _folder) = (browser, site, lab, folder);

    public LabFolder Lab { get; }

    public static async Task<LabSite> Start(BrowserFixture browser)
    {
        var lab = new LabFolder();
        var folder = new TemporaryFolder();
        var process = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = lab.Runs,
                ["Site__Datasets"] = lab.Datasets,
                ["Training__Device"] = "cpu",
                ["Training__Workers"] = "1",
            }
        );
        var site = new LabSite(browser, process, lab, folder);
        await using var visitor = await Visitor.Open(browser.Browser, process.Address);
        await visitor.Join(await process.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        site._session = await visitor.Context.StorageStateAsync();
        return site;
    }

    /// <summary>A browser window of its own, the admin signed in.</summary>
    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(_browser.Browser, _site.Address, theme, width, _session);

    /// <summary>Queues a run as a script on the page would.</summary>
    /// <returns>Its id.</returns>
    public static Task<string> Queue(Visitor visitor, string recipe) =>
        visitor.Page.EvaluateAsync<string>(
            "async recipe => { const answer = await fetch('/api/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ recipe }) });"
                + " if (!answer.ok) throw new Error(await answer.text()); return (await answer.json()).id; }",
            recipe
        );

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        foreach (var trainer in Lab.Trainers())
            trainer.Kill();
        Lab.Dispose();
        _folder.Dispose();
    }
}
