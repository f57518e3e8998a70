using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Tests.Browser;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// The page of a very long run: 80 metrics of 100,000 steps, looked at by five browsers while it goes on. Asked for by
/// <c>make bench-charts</c>, on a quiet machine. The points are thinned out by the site and only charts in view are drawn, so what
/// the browser does must not grow with the run.
/// </summary>
public sealed class ChartLoad(BrowserFixture browser)
{
    private const int Metrics = 80;
    private const int Viewers = 5;
    private const double MostFirstChartSeconds = 20; // five browsers at once on two cores, nothing read yet
    private const double MostTaskMs = 500;
    private const int MostCanvases = 40; // of 80

    // Long tasks are those of more than 50 ms, in which the page answers nobody.
    private const string WatchTasks =
        "() => { window.tasks = []; new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(task => task.duration))).observe({ type: 'longtask', buffered: false }); }";

    private const string Scroll =
        "async () => { let most = 0; for (let at = 0; at < document.documentElement.scrollHeight; at += 400) { scrollTo(0, at); await new Promise(done => setTimeout(done, 100));"
        + " most = Math.max(most, document.querySelectorAll('.chart canvas').length); } return most; }";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static readonly string[] Names = [.. Enumerable.Range(0, Metrics).Select(i => $"metric/{i:00}")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int Steps =>
        int.Parse(
            Environment.GetEnvironmentVariable("CLGRPO_CHART_STEPS") is { Length: > 0 } set ? set : "100000",
            CultureInfo.InvariantCulture
        );

    [Fact(Explicit = true)]
    [Trait("Id", "T2.3")]
    public async Task Charts_OfAVeryLongRun_StayQuickForFiveViewers()
    {
        using var lab = new LabFolder();
        using var folder = new TemporaryFolder();
        var run = RunDirectory.Create(Path.Combine(lab.Runs, "long"), LabFolder.Recipe(), environmentJson: null);
        using var held = run.Lock();
        using var events = RunEvents.Open(held);
        events.Append(RunEvent.RunStarted());
        events.Append(RunEvent.StageStarted("grpo", Steps + 10_000));
        for (var step = 1; step <= Steps; step++)
            Append(events, step);

        var clock = Stopwatch.StartNew();
        await using var site = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = lab.Runs,
                ["Site__Datasets"] = lab.Datasets,
            }
        );
        var started = clock.Elapsed.TotalSeconds;
        await using var first = await Visitor.Open(browser.Browser, site.Address);
        await first.Join(await site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        var session = await first.Context.StorageStateAsync();

        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var training = Train(events, over.Token);
        var visits = await Task.WhenAll(
            Enumerable.Range(0, Viewers).Select(_ => Look(browser.Browser, site.Address, session))
        );
        var (allBytes, allSeconds) = await AskForAll(first);
        await over.CancelAsync();
        await training;

        var report = new
        {
            Steps,
            Metrics,
            Viewers,
            Cores = Environment.ProcessorCount,
            EventsMiB = new FileInfo(run.EventsPath).Length >> 20,
            SiteStartSeconds = Math.Round(started, 1),
            FirstChartSeconds = visits.Select(visit => Math.Round(visit.FirstChart, 1)).Order(),
            LongestTaskMs = visits.Select(visit => Math.Round(visit.LongestTask)).Order(),
            LongTasks = visits.Select(visit => visit.LongTasks).Order(),
            Canvases = visits.Select(visit => visit.Canvases).Order(),
            AllSeriesKiB = allBytes >> 10,
            AllSeriesSeconds = Math.Round(allSeconds, 2),
        };
        var text = JsonSerializer.Serialize(report, Json);
        Console.WriteLine(text);
        await File.WriteAllTextAsync(
            Path.Combine(Checkout.Root, "tests", "benchmarks", "results", "charts.json"),
            text + "\n",
            Stop
        );
        Assert.All(visits, visit => Assert.InRange(visit.FirstChart, 0, MostFirstChartSeconds));
        Assert.All(visits, visit => Assert.InRange(visit.LongestTask, 0, MostTaskMs));
        Assert.All(visits, visit => Assert.InRange(visit.Canvases, 1, MostCanvases));
    }

    private static void Append(RunEvents events, int step) =>
        events.Append(
            RunEvent.StepDone(
                step,
                Names
                    .Select((name, i) => (name, Value: Math.Sin(step / (100.0 + i)) + (step % 7 * 0.01)))
                    .ToDictionary(metric => metric.name, metric => metric.Value, StringComparer.Ordinal),
                "grpo"
            )
        );

    /// <summary>The run goes on, two steps a second.</summary>
    private static async Task Train(RunEvents events, CancellationToken over)
    {
        for (var step = Steps + 1; !over.IsCancellationRequested; step++)
        {
            Append(events, step);
            await Task.Delay(500, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<(double FirstChart, double LongestTask, int LongTasks, int Canvases)> Look(
        IBrowser browser,
        Uri site,
        string session
    )
    {
        await using var visitor = await Visitor.Open(browser, site, session: session);
        var clock = Stopwatch.StartNew();
        await visitor.Go("/runs/long");
        await visitor.Page.Locator(".chart canvas").First.WaitForAsync(new() { Timeout = 120_000 });
        await Assertions
            .Expect(visitor.Page.Locator(".chart [data-now]").First)
            .Not.ToBeEmptyAsync(new() { Timeout = 120_000 });
        var firstChart = clock.Elapsed.TotalSeconds;
        await visitor
            .Page.GetByRole(AriaRole.Button, new() { Name = $"All {Metrics} charts" })
            .ClickAsync(new() { Timeout = 120_000 });
        await Assertions.Expect(visitor.Page.Locator(".chart")).ToHaveCountAsync(Metrics);
        await visitor.Page.EvaluateAsync(WatchTasks);
        var canvases = await visitor.Page.EvaluateAsync<int>(Scroll);
        canvases = Math.Max(canvases, await visitor.Page.EvaluateAsync<int>(Scroll));
        var tasks = await visitor.Page.EvaluateAsync<double[]>("() => window.tasks");
        Assert.Empty(visitor.Errors);
        return (firstChart, tasks.DefaultIfEmpty().Max(), tasks.Length, canvases);
    }

    /// <summary>All series at once, as a script may want them.</summary>
    private static async Task<(long Bytes, double Seconds)> AskForAll(Visitor visitor)
    {
        var clock = Stopwatch.StartNew();
        var answer = await visitor.Context.APIRequest.GetAsync("/api/v1/runs/long/metrics?points=1500");
        return ((await answer.BodyAsync()).LongLength, clock.Elapsed.TotalSeconds);
    }
}
