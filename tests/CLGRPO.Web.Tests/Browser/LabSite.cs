using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A site over a lab of its own, where real runs train on one core; an admin named ada is signed in.</summary>
internal sealed class LabSite : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly BrowserFixture _browser;
    private readonly SiteProcess _site;

    private LabSite(BrowserFixture browser, SiteProcess site, LabFolder lab, TemporaryFolder folder) =>
        (_browser, _site, Lab, _folder) = (browser, site, lab, folder);

    public LabFolder Lab { get; }

    public Uri Address => _site.Address;

    public static async Task<LabSite> Start(BrowserFixture browser, params (string Name, string Value)[] settings)
    {
        var lab = new LabFolder();
        var folder = new TemporaryFolder();
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Site__Runs"] = lab.Runs,
            ["Site__Datasets"] = lab.Datasets,
            ["Training__Device"] = "cpu",
            ["Training__Workers"] = "1",
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        browser.Furnish(lab.Datasets, Path.Combine(folder.Path, "data"));
        return new LabSite(browser, await SiteProcess.Start(folder.Path, all), lab, folder);
    }

    /// <summary>A browser window of its own, the admin signed in.</summary>
    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(_browser.Browser, _site.Address, theme, width, _browser.Session);

    /// <summary>Queues a run as a script on the page would.</summary>
    /// <returns>Its id.</returns>
    public static Task<string> Queue(Visitor visitor, string recipe) =>
        visitor.Page.EvaluateAsync<string>(
            "async recipe => { const answer = await fetch('/api/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ recipe }) });"
                + " if (!answer.ok) throw new Error(await answer.text()); return (await answer.json()).id; }",
            recipe
        );

    /// <summary>Starts a run as a person does: the recipe is written into a preset's form, looked at, and queued.</summary>
    /// <returns>Its id; the run's page is open.</returns>
    public static async Task<string> StartFromRecipe(Visitor visitor, string recipe, int stages)
    {
        var page = visitor.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.GetByLabel("Recipe as YAML").FillAsync(recipe);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use this text" }).ClickAsync();
        await Assertions.Expect(page.Locator(".recipe-nav ol > li")).ToHaveCountAsync(stages + 1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Start run" }).ClickAsync();
        await page.GetByLabel("Note", new() { Exact = true }).FillAsync("from the recipe's page");
        await page.GetByRole(AriaRole.Button, new() { Name = "Queue the run" }).ClickAsync();
        await page.ReachAsync("**/runs/*");
        return page.Url.Split('/')[^1];
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        foreach (var trainer in Lab.Trainers())
        {
            trainer.Kill();
            await trainer.WaitForExitAsync(); // before its folder goes
        }
        Lab.Dispose();
        _folder.Dispose();
    }
}
