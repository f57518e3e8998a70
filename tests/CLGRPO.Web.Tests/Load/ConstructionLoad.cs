using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// The page of a construction of 100,000 images, looked at while the site works on it. Asked for by <c>make bench-construction</c>, on a
/// quiet machine. <c>CLGRPO_CONSTRUCTION_LARGE</c> says how many images.
/// </summary>
public sealed class ConstructionLoad(BrowserFixture browser)
{
    private const int Times = 10;
    private const int Paints = 8;
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly SortedDictionary<string, List<double>> _figures = new(StringComparer.Ordinal);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int Images =>
        int.Parse(
            Environment.GetEnvironmentVariable("CLGRPO_CONSTRUCTION_LARGE") is { Length: > 0 } set ? set : "100000",
            CultureInfo.InvariantCulture
        );

    [Fact(Explicit = true)]
    public async Task Construction_OfAHundredThousandImages_IsShownAsItGoesOn()
    {
        using var folder = new TemporaryFolder();
        using var store = StoreFactory.Open(
            new StoreOptions(
                Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Path, "datasets")).FullName, "clgrpo.db")
            )
        );
        var job = await LargeConstruction.Write(store, Path.Combine(folder.Path, "datasets"), Images, Stop);
        var clock = Stopwatch.GetTimestamp();
        await using var site = await SiteProcess.Start(folder.Path);
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await visitor.Join(await site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        await Wait.Until(async () => await Decided(store, job) > Images);
        Add("work: from the site's start to its first verdict", clock);
        var before = Mebibytes(site, "VmRSS");

        for (var i = 0; i < Paints; i++)
        {
            await visitor.Page.GotoAsync("about:blank");
            clock = Stopwatch.GetTimestamp();
            await visitor.Page.GotoAsync($"/construction/{job}", new() { WaitUntil = WaitUntilState.Commit });
            await visitor
                .Page.Locator(".decisions li img")
                .First.WaitForAsync(new() { Timeout = (float)Long.TotalMilliseconds });
            Add(i == 0 ? "page: painted, first look at it" : "page: painted", clock);
        }
        await Refresh(visitor, job);
        await Follow(visitor, store, job);
        Assert.Empty(visitor.Errors);
        Report(site, before);
    }

    /// <summary>What a page asks for every second, as REST: each after a second, so that what is kept has to be counted again.</summary>
    private async Task Refresh(Visitor visitor, long job)
    {
        foreach (
            var (name, path) in new[]
            {
                ("report", "/report"),
                ("last decisions", "/decisions?limit=8"),
                ("last rejected", "/decisions?limit=8&filter=rejected"),
                ("state", ""),
            }
        )
        {
            for (var i = 0; i < Times; i++)
            {
                await Task.Delay(Between, Stop);
                var clock = Stopwatch.GetTimestamp();
                var answer = await visitor.Context.APIRequest.GetAsync($"/api/v1/construction/jobs/{job}{path}");
                Assert.True(answer.Ok, await answer.TextAsync());
                Add($"rest: {name}", clock);
            }
        }
    }

    /// <summary>How long after the database the page shows a verdict.</summary>
    private async Task Follow(Visitor visitor, StoreFactory store, long job)
    {
        for (var i = 0; i < Times / 4; i++)
        {
            var written = await Decided(store, job);
            var clock = Stopwatch.GetTimestamp();
            await visitor.Page.WaitForFunctionAsync(
                "least => Number(document.querySelector('.construction-progress b')?.textContent.replaceAll(',', '')) >= least",
                written,
                new() { Timeout = (float)Long.TotalMilliseconds }
            );
            Add("page: verdict shown after it is stored", clock);
        }
    }

    private static async Task<int> Decided(StoreFactory store, long job)
    {
        await using var context = store.CreateDbContext();
        return await context.Items.CountAsync(item => item.JobId == job && item.State != ItemState.Open, Stop);
    }

    private void Add(string name, long since)
    {
        if (!_figures.TryGetValue(name, out var values))
            _figures[name] = values = [];
        values.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    private (double Median, double P95, int Count) Of(string name)
    {
        var sorted = _figures[name].Order().ToList();
        double At(double share) => Math.Round(sorted[(int)Math.Ceiling(share * sorted.Count) - 1], 1);
        return (At(0.5), At(0.95), sorted.Count);
    }

    private void Report(SiteProcess site, long before)
    {
        var report = new
        {
            Images,
            Cores = Environment.ProcessorCount,
            Load = File.ReadAllText("/proc/loadavg").Split(' ')[1],
            SiteMiBBeforeAnyLook = before,
            SiteMiB = Mebibytes(site, "VmRSS"),
            SitePeakMiB = Mebibytes(site, "VmHWM"),
            Milliseconds = _figures.Keys.ToDictionary(
                name => name,
                name => new
                {
                    Of(name).Median,
                    Of(name).P95,
                    Of(name).Count,
                },
                StringComparer.Ordinal
            ),
        };
        var text = JsonSerializer.Serialize(report, Json);
        Console.WriteLine(text);
        File.WriteAllText(
            Path.Combine(Checkout.Root, "tests", "benchmarks", "results", "construction.json"),
            text + "\n"
        );
    }

    private static long Mebibytes(SiteProcess site, string field) =>
        long.Parse(
            File.ReadAllLines($"/proc/{site.Id}/status")
                .First(line => line.StartsWith(field, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) >> 10;
}
