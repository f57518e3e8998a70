using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// A large data set on the real site: brought in through an import, then browsed, filtered, counted, frozen, compared and exported. Asked for
/// by <c>make bench-datasets</c>, on a quiet machine. <c>CLGRPO_DATASETS_LARGE</c> says how many pictures (100,000);
/// <c>CLGRPO_DATASETS_FOLDER</c> names a folder where what is made stays for the next time.
/// </summary>
public sealed class DatasetLoad(BrowserFixture browser)
{
    private const string Api = "/api/v1/datasets";
    private const int Usual = 100_000;
    private const int Times = 20;
    private const int Paints = 10;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    // Painted: every tile in sight has its picture, and what the change should bring is there.
    private const string Painted = """
        ([start, expected]) => new Promise((done, fail) => {
          const look = () => {
            if (performance.now() - start > 60000) return fail(new Error("not painted in a minute"));
            const grid = document.querySelector(".tiles");
            const frame = grid?.getBoundingClientRect();
            const seen = (item) => { const box = item.getBoundingClientRect(); return box.bottom > frame.top + 1 && box.top < frame.bottom - 1; };
            const count = document.querySelector(".browse-bar [role=status]")?.firstChild?.textContent ?? "";
            const tiles = grid ? [...grid.querySelectorAll(".tile")].filter(seen) : [];
            const whole = tiles.length > 0 && tiles.every((tile) => { const picture = tile.querySelector("img"); return picture?.complete && picture.naturalWidth > 0; });
            const covered = tiles.length > 0 && Math.min(...tiles.map((tile) => tile.getBoundingClientRect().top)) < frame.top + 60;
            if (whole && covered && (expected === null || count.trim() !== expected)) requestAnimationFrame(() => done(performance.now() - start));
            else requestAnimationFrame(look);
          };
          look();
        })
        """;

    private readonly SortedDictionary<string, Figures> _figures = new(StringComparer.Ordinal);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int Samples =>
        Environment.GetEnvironmentVariable("CLGRPO_DATASETS_LARGE") is { Length: > 0 } set
            ? int.Parse(set, CultureInfo.InvariantCulture)
            : Usual;

    [Fact(Explicit = true)]
    public async Task LargeDataset_BrowsedFilteredAndExported_IsWithinItsTimes()
    {
        using var temporary = new TemporaryFolder();
        var folder = Environment.GetEnvironmentVariable("CLGRPO_DATASETS_FOLDER") is { Length: > 0 } kept
            ? kept
            : temporary.Path;
        var allowed = Directory.CreateDirectory(Path.Combine(folder, "allowed")).FullName;
        var zip = Path.Combine(allowed, $"large-{Samples}.zip");
        if (!File.Exists(zip))
            LargeDataset.WriteZip(zip, Samples);
        await using var site = await SiteProcess.Start(folder, Settings(allowed));
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await SignIn(site, visitor, folder);
        using var client = await Client(site, visitor);
        var dataset = await Bring(client, folder);

        await Ask(client, dataset);
        await Paint(visitor, dataset);
        await Work(client, dataset);
        Report(site, dataset);
        var missed = _figures
            .Where(figure => figure.Value.P95 > Target(figure.Key))
            .Select(figure => $"{figure.Key}: {figure.Value.P95} ms, {Target(figure.Key)} stated");
        Assert.Empty(missed);
    }

    /// <summary>What docs/datasets.md states: p95 in milliseconds, for 100,000 pictures on two cores that do nothing else.</summary>
    private static double Target(string name) =>
        name.Split(':')[0] switch
        {
            "rest" when name.Contains("page,", StringComparison.Ordinal) => 100,
            "rest" when name.Contains("statistics", StringComparison.Ordinal) => 600,
            "rest" when name.Contains("text", StringComparison.Ordinal) => 400,
            "rest" => 300,
            "page" => 2_000,
            _ when name.Contains("import", StringComparison.Ordinal) => 300_000,
            _ => 60_000,
        };

    private async Task Ask(HttpClient client, long dataset)
    {
        var samples = $"{Api}/{dataset}/samples?limit=60";
        var last = await LastId(client, dataset);
        (string Name, string Path)[] requests =
        [
            ("list of data sets", Api),
            ("page, first", samples),
            ("page, middle", $"{samples}&after={last / 2}"),
            ("page, end", $"{samples}&after={last - 30}"),
            ("page, newest first", $"{samples}&order=newest"),
            ("filter, class", $"{samples}&label={LargeDataset.Label}"),
            ("filter, attribute", $"{samples}&attribute=scene:{LargeDataset.Value}"),
            (
                "filter, two attributes",
                $"{samples}&attribute=scene:{LargeDataset.Value}&attribute=facial_expression:smile"
            ),
            ("filter, brightness", $"{samples}&range=brightness:0.2..0.5"),
            ("filter, split", $"{samples}&split=val"),
            ("filter, review edited", $"{samples}&review=edited"),
            ("filter, review waits", $"{samples}&review=pending"),
            ("filter, without record", $"{samples}&review=none"),
            ("filter, teacher", $"{samples}&teacher={LargeDataset.Teacher}"),
            ("filter, text in most", $"{samples}&text={LargeDataset.CommonWord}"),
            ("filter, text in ten", $"{samples}&text={LargeDataset.RareWord}"),
            ("filter, text in none", $"{samples}&text=nowhere+to+be+found"),
            ("filter, id", $"{samples}&text=awe_0000"),
            ("filter, class, split and review", $"{samples}&label=fear&split=train&review=accepted"),
            ("facets", $"{Api}/{dataset}/facets"),
            ("statistics", $"{Api}/{dataset}/statistics"),
            ("sample", $"{Api}/{dataset}/samples/{last / 2}"),
        ];
        foreach (var (name, path) in requests)
            await Measure($"rest: {name}", () => client.GetByteArrayAsync(path, Stop));
    }

    private async Task Paint(Visitor visitor, long dataset)
    {
        var page = visitor.Page;
        for (var i = 0; i < Paints; i++)
        {
            await page.GotoAsync("about:blank");
            var clock = Stopwatch.GetTimestamp();
            await page.GotoAsync($"/datasets/{dataset}", new() { WaitUntil = WaitUntilState.Commit });
            await page.EvaluateAsync(Painted, Arguments(0, expected: null));
            Add("page: grid, first", Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        }
        await visitor.Ready();
        for (var i = 0; i < Paints; i++)
        {
            foreach (var (name, place) in new[] { ("middle", 0.5), ("end", 1.0), ("start", 0.0) })
            {
                var at = Math.Clamp(place + (0.01 * i * (place < 1 ? 1 : -1)), 0, 1);
                var start = await page.EvaluateAsync<double>(
                    "place => { const grid = document.querySelector('.tiles'); grid.scrollTop = place * (grid.scrollHeight - grid.clientHeight); return performance.now(); }",
                    at
                );
                Add($"page: scroll to the {name}", await page.EvaluateAsync<double>(Painted, Arguments(start, null)));
            }
        }
        for (var i = 0; i < Paints; i++)
        {
            await Click(page, "class", ".facets fieldset:first-of-type input >> nth=" + (i % 8));
            await Click(page, "class taken away", ".facets fieldset:first-of-type input >> nth=" + (i % 8));
        }
        for (var i = 0; i < Paints; i++)
        {
            await page.GotoAsync("about:blank");
            var clock = Stopwatch.GetTimestamp();
            await page.GotoAsync($"/datasets/{dataset}/statistics");
            await page.Locator(".bars-row").First.WaitForAsync();
            Add("page: statistics", Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        }
        Assert.Empty(visitor.Errors);
    }

    private async Task Click(IPage page, string name, string input)
    {
        var before = (await page.Locator(".browse-bar [role=status]").InnerTextAsync()).Split('\n', ' ')[0].Trim();
        var start = await page.EvaluateAsync<double>("() => performance.now()");
        await page.Locator(input).ClickAsync();
        Add($"page: filter, {name}", await page.EvaluateAsync<double>(Painted, Arguments(start, before)));
    }

    private async Task Work(HttpClient client, long dataset)
    {
        var rows = new { format = "jsonl", images = false };
        await Once("work: export of everything, rows", () => Job(client, $"{Api}/{dataset}/samples/export", rows));
        await Once(
            "work: export of everything, csv",
            () => Job(client, $"{Api}/{dataset}/samples/export", new { format = "csv", images = false })
        );
        await Once(
            "work: export of everything with pictures",
            () => Job(client, $"{Api}/{dataset}/samples/export", new { format = "jsonl", images = true })
        );
        await Once(
            "work: export of a class, rows",
            () => Job(client, $"{Api}/{dataset}/samples/export?label={LargeDataset.Label}", rows)
        );
        var all = await Once(
            "work: freeze",
            () => Job(client, $"{Api}/{dataset}/versions", new { keepWithoutRecord = true })
        );
        var reviewed = await Once(
            "work: freeze of what is reviewed",
            () => Job(client, $"{Api}/{dataset}/versions", new { reviews = new[] { "accepted", "edited" } })
        );
        var name = all.GetProperty("result").GetProperty("name").GetString();
        string Reference(JsonElement job) => $"{name}@{job.GetProperty("result").GetProperty("hash").GetString()}";
        await Once(
            "work: compare",
            () => Job(client, $"{Api}/versions/compare", new { left = Reference(reviewed), right = Reference(all) })
        );
        await Once(
            "work: export of a version, rows",
            () =>
                Job(
                    client,
                    $"{Api}/versions/export",
                    new
                    {
                        version = Reference(all),
                        format = "jsonl",
                        images = false,
                    }
                )
        );
    }

    private static async Task<JsonElement> Job(HttpClient client, string path, object body)
    {
        using var asked = await client.PostAsJsonAsync(path, body, Stop);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Stop));
        return await Done(
            client,
            (await asked.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetInt64()
        );
    }

    private static async Task<JsonElement> Done(HttpClient client, long id)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(Longest);
        while (true)
        {
            var job = await client.GetFromJsonAsync<JsonElement>($"{Api}/jobs/{id}", deadline.Token);
            if (job.GetProperty("state").GetString() is "completed" or "failed" or "cancelled")
            {
                Assert.True(job.GetProperty("state").GetString() == "completed", job.GetRawText());
                return job;
            }
            await Task.Delay(50, deadline.Token);
        }
    }

    /// <summary>Imports the archive unless an earlier run did, and lets people have judged some of it.</summary>
    private async Task<long> Bring(HttpClient client, string folder)
    {
        var name = $"large-{Samples}";
        var known = (await client.GetFromJsonAsync<JsonElement>(Api, Stop))
            .GetProperty("items")
            .EnumerateArray()
            .FirstOrDefault(item => item.GetProperty("name").GetString() == name);
        if (known.ValueKind == JsonValueKind.Object)
            return known.GetProperty("id").GetInt64();
        var source = (await client.GetFromJsonAsync<JsonElement>($"{Api}/sources", Stop))
            .EnumerateArray()
            .First(item => item.GetProperty("name").GetString() == $"{name}.zip");
        var job = await Once(
            "work: import",
            () => Job(client, $"{Api}/imports", new { source = source.GetProperty("id").GetString(), dataset = name })
        );
        Assert.Equal(Samples, job.GetProperty("result").GetProperty("imported").GetInt32());
        var dataset = job.GetProperty("datasetId").GetInt64();
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(folder, "datasets", "clgrpo.db")));
        await using var context = store.CreateDbContext();
        foreach (
            var (turn, state) in new[]
            {
                ReviewState.Accepted,
                ReviewState.Edited,
                ReviewState.Rejected,
                ReviewState.Flagged,
            }.Index()
        )
            await context
                .Records.Where(record => record.Sample!.DatasetId == dataset && record.SampleId % 16 == turn)
                .ExecuteUpdateAsync(record => record.SetProperty(r => r.Review, state), Stop);
        return dataset;
    }

    private static async Task<long> LastId(HttpClient client, long dataset)
    {
        var list = await client.GetFromJsonAsync<JsonElement>($"{Api}/{dataset}/samples?order=newest&limit=1", Stop);
        return list.GetProperty("items")[0].GetProperty("id").GetInt64();
    }

    private async Task Measure(string name, Func<Task> what)
    {
        await what(); // what is compiled and cached on a first request is not a request's time
        for (var i = 0; i < Times; i++)
        {
            var clock = Stopwatch.GetTimestamp();
            await what();
            Add(name, Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        }
    }

    private async Task<T> Once<T>(string name, Func<Task<T>> what)
    {
        var clock = Stopwatch.GetTimestamp();
        var result = await what();
        Add(name, Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        return result;
    }

    private void Add(string name, double milliseconds)
    {
        if (!_figures.TryGetValue(name, out var figures))
            _figures[name] = figures = new Figures();
        figures.Add(milliseconds);
    }

    private void Report(SiteProcess site, long dataset)
    {
        var status = File.ReadAllLines($"/proc/{site.Id}/status");
        var report = new
        {
            Samples,
            Dataset = dataset,
            Cores = Environment.ProcessorCount,
            Load = File.ReadAllText("/proc/loadavg").Split(' ')[1],
            SiteMiB = Mebibytes("VmRSS"),
            SitePeakMiB = Mebibytes("VmHWM"),
            Milliseconds = _figures.ToDictionary(
                pair => pair.Key,
                pair => new
                {
                    pair.Value.Median,
                    pair.Value.P95,
                    pair.Value.Count,
                },
                StringComparer.Ordinal
            ),
        };
        var text = JsonSerializer.Serialize(report, Json);
        Console.WriteLine(text);
        File.WriteAllText(Path.Combine(Checkout.Root, "tests", "benchmarks", "results", "datasets.json"), text + "\n");

        long Mebibytes(string field) =>
            long.Parse(
                status
                    .First(line => line.StartsWith(field, StringComparison.Ordinal))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture
            ) >> 10;
    }

    private static async Task SignIn(SiteProcess site, Visitor visitor, string folder)
    {
        var signedUp = Path.Combine(folder, "signed-up");
        if (File.Exists(signedUp))
        {
            await visitor.Page.GotoAsync("/login");
            await visitor.SignIn(BrowserFixture.AdminName, BrowserFixture.Password);
            await visitor.Page.ReachAsync("**/");
            return;
        }
        await visitor.Join(await site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        await File.WriteAllTextAsync(signedUp, "", Stop);
    }

    private static async Task<HttpClient> Client(SiteProcess site, Visitor visitor)
    {
        var answer = await visitor.Context.APIRequest.PostAsync(
            "/api/v1/keys",
            new APIRequestContextOptions
            {
                DataObject = new
                {
                    client = $"load-{Guid.NewGuid():N}",
                    scopes = new[] { "datasets:read", "datasets:write" },
                },
            }
        );
        Assert.True(answer.Ok, await answer.TextAsync());
        var client = new HttpClient { BaseAddress = site.Address, Timeout = Longest };
        client.DefaultRequestHeaders.Add(
            "x-api-key",
            (await answer.JsonAsync())!.Value.GetProperty("text").GetString()
        );
        return client;
    }

    private static object?[] Arguments(double start, string? expected) => [start, expected];

    private static Dictionary<string, string> Settings(string allowed) =>
        new(StringComparer.Ordinal)
        {
            ["Data__ImportFolders__0"] = allowed,
            ["Data__KeepFreeMiB"] = "1",
            ["Site__ApiRequestsPerMinute"] = "1000000",
        };

    /// <summary>Times in milliseconds.</summary>
    private sealed class Figures
    {
        private readonly List<double> _values = [];

        public int Count => _values.Count;
        public double Median => At(0.5);
        public double P95 => At(0.95);

        public void Add(double value) => _values.Add(value);

        private double At(double share)
        {
            var sorted = _values.Order().ToList();
            return Math.Round(sorted[(int)Math.Ceiling(share * sorted.Count) - 1], 1);
        }
    }
}
