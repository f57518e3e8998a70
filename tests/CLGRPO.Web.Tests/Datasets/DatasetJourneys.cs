using System.IO.Compression;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Data comes in, is looked at, frozen, compared and taken out again, in a browser, over the real site and its database.</summary>
[Collection(nameof(DatasetSite))]
public sealed class DatasetJourneys(DatasetSite site)
{
    private const float Long = 60_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-UP-3")]
    public async Task Upload_ZipWithBadRows_ReportsThemAndShowsTheRest()
    {
        var version = DatasetVersion.Open(VersionFolders.List(site.Root).Last(one => one.Name == "emoscenes").Path);
        var (zip, good) = Archives.WithBadRows(version, 40);
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/datasets");
        await page.GetByLabel("Zip archive")
            .SetInputFilesAsync(
                new FilePayload
                {
                    Name = "../../Ferien & <b>Meer</b>.zip",
                    MimeType = "application/zip",
                    Buffer = zip,
                }
            );
        await page.GetByLabel("Data set", new() { Exact = true }).FillAsync("holiday");
        await page.GetByRole(AriaRole.Button, new() { Name = "Import", Exact = true }).ClickAsync();
        await Expect(page.Locator(".jobs-card")).ToContainTextAsync($"{good} imported", new() { Timeout = Long });
        await page.GetByRole(AriaRole.Link, new() { Name = "Report" }).First.ClickAsync();
        var report = page.Locator("table.report");
        await Expect(report).ToContainTextAsync("not a PNG, JPEG or WebP");
        await Expect(report).ToContainTextAsync("loose.png");
        await Expect(report).ToContainTextAsync("already there");

        await page.GetByRole(AriaRole.Link, new() { Name = "Images" }).ClickAsync();
        await Expect(page.Locator(".browse-bar [role=status]")).ToContainTextAsync($"{good}");
        await page.Locator(".tile a").First.ClickAsync();
        await Expect(page.Locator(".timeline")).ToContainTextAsync("ada imported the picture");
        Assert.Empty(visitor.Errors);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));
    }

    [Fact]
    public async Task Version_FrozenComparedAndExported_ComesBackAsItWas()
    {
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/datasets/{site.Dataset}/versions");
        await page.GetByRole(AriaRole.Button, new() { Name = "Freeze", Exact = true }).ClickAsync();
        await Expect(page.Locator(".jobs-card")).ToContainTextAsync("with text", new() { Timeout = Long });
        var versions = page.Locator("section[aria-labelledby=versions] tbody tr");
        await Expect(versions).ToHaveCountAsync(2);

        await page.GetByRole(AriaRole.Button, new() { Name = "Compare", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync(new() { Timeout = Long });
        await Expect(page.Locator("section[aria-label=Comparison]")).ToContainTextAsync("removed");

        await page.GetByRole(AriaRole.Button, new() { Name = "Export", Exact = true }).ClickAsync();
        var download = await page.RunAndWaitForDownloadAsync(
            () =>
                page.GetByRole(AriaRole.Link, new() { Name = "Download emoscenes@" })
                    .First.ClickAsync(new() { Timeout = Long }),
            new() { Timeout = Long }
        );
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "export.zip");
        await download.SaveAsAsync(path);
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(folder.Path, "clgrpo.db")));
        var import = await new Importer(store, folder.Path).Run(
            new ImportRequest(path, "back", "test"),
            progress: null,
            Stop
        );
        Assert.Equal(0, import.Problems);
        Assert.InRange(import.Imported, DatasetSite.Samples - 4, DatasetSite.Samples);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task View_FilteredAndExported_IsWhatTheFilterLetsPass()
    {
        const int Awe = DatasetSite.Samples / 8;
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go($"/datasets/{site.Dataset}?label=awe");
        await page.GetByRole(AriaRole.Button, new() { Name = "Export this view" }).ClickAsync();
        var card = page.Locator("section[aria-label='Export of this view']");
        await Expect(card).ToContainTextAsync($"{Awe}");
        await card.GetByLabel("with pictures").CheckAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Export the view" }).ClickAsync();
        var download = await page.RunAndWaitForDownloadAsync(
            () =>
                page.GetByRole(AriaRole.Link, new() { Name = $"Download {Awe} of emoscenes as jsonl with pictures" })
                    .First.ClickAsync(new() { Timeout = Long }),
            new() { Timeout = Long }
        );
        Assert.Equal("emoscenes-view-jsonl.zip", download.SuggestedFilename);
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "view.zip");
        await download.SaveAsAsync(path);
        using (var archive = await ZipFile.OpenReadAsync(path, Stop))
            Assert.Equal(
                Awe,
                archive.Entries.Count(entry => entry.FullName.StartsWith("images/", StringComparison.Ordinal))
            );
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(folder.Path, "clgrpo.db")));
        var import = await new Importer(store, folder.Path).Run(
            new ImportRequest(path, "back", "test"),
            progress: null,
            Stop
        );
        Assert.Equal((Awe, 0), (import.Imported, import.Problems));
        await using var context = store.CreateDbContext();
        Assert.True(await context.Samples.AllAsync(sample => sample.Label == "awe" && sample.Split != null, Stop));
        // What is tested on shows no solution, whoever asks.
        Assert.False(await context.Records.AnyAsync(record => record.Sample!.Split == Split.Test, Stop));
        Assert.True(await context.Records.AnyAsync(Stop));
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task FolderVersion_BroughtIntoTheStore_IsThere()
    {
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        await visitor.Go("/datasets");
        await page.GetByRole(AriaRole.Button, new() { Name = "Bring into the store onlyfolder" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "onlyfolder", Exact = true }))
            .ToBeVisibleAsync(new() { Timeout = Long });
        Assert.Empty(visitor.Errors);
    }
}
