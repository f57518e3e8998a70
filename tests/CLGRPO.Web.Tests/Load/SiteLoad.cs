using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Tests.Browser;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// What watching costs: 20 live viewers and 50 API clients at once, against a run that trains. Asked for by <c>make bench-site</c>, on a quiet
/// machine. Windows with and without the load take turns (quiet, loaded, loaded, quiet …), so that what drifts hits both; policy and
/// lengths stay the same, because nothing is learned. Training has one thread, so that two cores are enough; viewers and clients
/// are on this machine too and count as part of the load. What each process uses of a core says whose cost it is.
/// </summary>
public sealed class SiteLoad(BrowserFixture browser)
{
    private const int Viewers = 20;
    private const int Clients = 50;
    private const double MostSlowDown = 0.02;
    private const double MostDelay = 150;
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    // Compiles what the load calls; a site that is up for days has done so long ago.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ClientEvery = TimeSpan.FromSeconds(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int Pairs => Setting("CLGRPO_LOAD_PAIRS", 24);

    private static TimeSpan Window => TimeSpan.FromSeconds(Setting("CLGRPO_LOAD_SECONDS", 6));

    [Fact(Explicit = true)]
    public async Task Watching_ByTwentyAndFiftyClients_SlowsTrainingByLittleAndIsPaintedSoon()
    {
        using var lab = new LabFolder();
        using var folder = new TemporaryFolder();
        await using var site = await SiteProcess.Start(folder.Path, Settings(lab));
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        await visitor.Join(await site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        var key = (await PostAsync(visitor, "/api/v1/keys", new { client = "load", scopes = new[] { "runs:read" } }))
            .GetProperty("text")
            .GetString()!;
        var run = (await PostAsync(visitor, "/api/v1/runs", new { recipe = Recipe })).GetProperty("id").GetString()!;
        await visitor.Page.GotoAsync("about:blank");
        while (Steps(lab.Run(run)).Count < 3)
            await Task.Delay(200, Stop);
        var load = new Load(site.Address, key, run);
        var trainer = RunLock.Writer(lab.Run(run))!.ProcessId;
        try
        {
            var pairs = new List<(Cost Quiet, Cost Loaded)>();
            await load.ForAsync(WarmUp, Viewers, Clients);
            for (var pair = 0; pair < Pairs; pair++)
            {
                // Quiet first, then loaded first.
                var (first, second) = (await CostAsync(pair % 2 == 1), await CostAsync(pair % 2 == 0));
                pairs.Add(pair % 2 == 0 ? (first, second) : (second, first));
                Console.WriteLine($"pair {pair + 1}: quiet {pairs[^1].Quiet}, with the load {pairs[^1].Loaded}");
            }
            var painted = await PaintedAsync();
            var ratios = pairs.ConvertAll(pair => pair.Loaded.TokenTime / pair.Quiet.TokenTime);
            Report(ratios, pairs, load, painted);
            Assert.True(
                Median(ratios) - 1 <= MostSlowDown,
                $"Training is slower by {100 * (Median(ratios) - 1):F1} %."
            );
            Assert.True(painted < MostDelay, $"Tokens are painted after {painted:F0} ms.");
        }
        finally
        {
            RunControl.Write(lab.Run(run), RunCommand.Abort);
            while (RunLock.Writer(lab.Run(run)) is not null)
                await Task.Delay(50, CancellationToken.None);
        }

        async Task<Cost> CostAsync(bool loaded)
        {
            var begin = DateTimeOffset.UtcNow;
            var (clock, before) = (Stopwatch.GetTimestamp(), Processors());
            if (loaded)
                await load.ForAsync(Window, Viewers, Clients);
            else
                await Task.Delay(Window, Stop);
            var steps = Steps(lab.Run(run))
                .Where(step => step.Time.AddSeconds(-step.Metrics!["step_time"]) >= begin)
                .Select(step => step.Metrics!)
                .ToList();
            var span = Stopwatch.GetElapsedTime(clock);
            var cores = before.Zip(Processors(), (from, to) => (to - from) / span).ToArray();
            return steps.Count > 0
                ? new Cost(
                    steps.Sum(step => 1e6 * step["step_time"]) / steps.Sum(step => step["num_tokens"]),
                    cores[0],
                    cores[1],
                    cores[2]
                )
                : throw new InvalidOperationException(
                    "No step lies within the window; make CLGRPO_LOAD_SECONDS longer."
                );
        }

        TimeSpan[] Processors() => [ProcessorOf(trainer), ProcessorOf(site.Id), ProcessorOf(Environment.ProcessId)];

        // A browser paints with the processor here, which would count against training: so it looks on after the pairs.
        async Task<double> PaintedAsync()
        {
            await visitor.Page.GotoAsync($"/runs/{run}/live");
            var page = visitor.Page.Locator("[data-delays]");
            await load.ForAsync(Window, Viewers - 1, Clients);
            return double.Parse((await page.GetAttributeAsync("data-delay"))!, CultureInfo.InvariantCulture);
        }
    }

    private static TimeSpan ProcessorOf(int id)
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }

    private static void Report(List<double> ratios, List<(Cost Quiet, Cost Loaded)> pairs, Load load, double painted)
    {
        var report = new
        {
            Viewers,
            Clients,
            Cores = Environment.ProcessorCount,
            Pairs = ratios.Count,
            WindowSeconds = Window.TotalSeconds,
            SlowDownPercent = Rounded(100 * (Median(ratios) - 1)),
            SlowDownInterval = Interval(ratios).Select(ratio => Rounded(100 * (ratio - 1))),
            CoresOfTrainer = Each(cost => cost.Trainer),
            CoresOfSite = Each(cost => cost.Site),
            CoresOfViewersAndClients = Each(cost => cost.Clients),
            MedianReceivedMs = Rounded(Median(load.Ages)),
            MedianPaintedMs = Rounded(painted),
            MedianApiMs = Rounded(Median(load.Answers)),
            SlowestTwentiethApiMs = Rounded(load.Answers.Order().ElementAt((int)(0.95 * load.Answers.Count))),
            ApiRequests = load.Answers.Count,
            FailedApiRequests = load.Failed,
            ReceivedMiB = Rounded(load.Bytes / (double)(1 << 20)),
        };
        object Each(Func<Cost, double> of) =>
            new
            {
                Quiet = Rounded(pairs.Average(pair => of(pair.Quiet))),
                Loaded = Rounded(pairs.Average(pair => of(pair.Loaded))),
            };
        var text = JsonSerializer.Serialize(report, Json);
        Console.WriteLine(text);
        File.WriteAllText(Path.Combine(Checkout.Root, "tests", "benchmarks", "results", "site.json"), text + "\n");
    }

    /// <summary>95 % of the median, by resampling the pairs.</summary>
    private static double[] Interval(List<double> ratios)
    {
        var random = new Random(0);
        var medians = Enumerable
            .Range(0, 2000)
            .Select(_ => Median([.. ratios.Select(_ => ratios[random.Next(ratios.Count)])]))
            .Order()
            .ToList();
        return [medians[50], medians[^51]];
    }

    private static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static double Rounded(double value) => Math.Round(value, 2);

    private static IReadOnlyList<RunEvent> Steps(RunDirectory run) =>
        [.. RunEvents.Read(run).Where(item => item is { Type: RunEventType.Step, Stage: "grpo" })];

    private static int Setting(string name, int usual) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } set
            ? int.Parse(set, CultureInfo.InvariantCulture)
            : usual;

    private static async Task<JsonElement> PostAsync(Visitor visitor, string path, object body)
    {
        var answer = await visitor.Context.APIRequest.PostAsync(
            path,
            new APIRequestContextOptions { DataObject = body }
        );
        Assert.True(answer.Ok, await answer.TextAsync());
        return (await answer.JsonAsync())!.Value;
    }

    private static Dictionary<string, string> Settings(LabFolder lab) =>
        new(StringComparer.Ordinal)
        {
            ["Site__Runs"] = lab.Runs,
            ["Site__Datasets"] = lab.Datasets,
            ["Site__ApiRequestsPerMinute"] = "1000000",
            ["Training__Device"] = "cpu",
            ["Training__Workers"] = "1",
            ["OMP_NUM_THREADS"] = "1",
        };

    private const string Recipe = """
        name: load
        seed: 0
        dataset: emoscenes
        model: { preset: nano }
        prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
        stages:
          - { name: sft, kind: sft, from: none, max_steps: 40, batch_size: 16, micro_batch_size: 16, learning_rate: 2e-3, warmup_steps: 5, validate_every: 0, checkpoint_every: 1000 }
          - { name: grpo, kind: grpo, from: sft, steps: 20000, prompts_per_step: 8, group_size: 8, learning_rate: 1e-12, max_completion_tokens: 48, checkpoint_every: 10000, beta: 0 }
        """;

    /// <summary>What a window's steps took, and the cores that each process used in it.</summary>
    /// <param name="TokenTime">Microseconds per completion token: steps with long completions take longer.</param>
    private sealed record Cost(double TokenTime, double Trainer, double Site, double Clients);

    /// <summary>Those who look on.</summary>
    private sealed class Load(Uri site, string key, string run)
    {
        private readonly ConcurrentBag<double> _ages = [];
        private readonly ConcurrentBag<double> _answers = [];
        private int _failed;
        private long _bytes;

        public ConcurrentBag<double> Ages => _ages;

        /// <summary>Milliseconds of the API's answers.</summary>
        public ConcurrentBag<double> Answers => _answers;

        public int Failed => _failed;

        public long Bytes => _bytes;

        public async Task ForAsync(TimeSpan window, int viewers, int clients)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            over.CancelAfter(window);
            await Task.WhenAll(
                Enumerable
                    .Range(0, viewers)
                    .Select(number => WatchAsync(number == 0, over.Token))
                    .Concat(Enumerable.Range(0, clients).Select(number => PollAsync(number, over.Token)))
            );
        }

        private async Task WatchAsync(bool measures, CancellationToken over)
        {
            var viewer = new HubViewer();
            await viewer.WatchAsync(site, key, run, measures, over);
            Interlocked.Add(ref _bytes, viewer.Bytes);
            foreach (var age in viewer.Ages)
                _ages.Add(age);
        }

        /// <summary>As a script does: the run, then its metrics, again and again, with the tags of what it has.</summary>
        private async Task PollAsync(int number, CancellationToken over)
        {
            using var client = new HttpClient { BaseAddress = site };
            client.DefaultRequestHeaders.Add("x-api-key", key);
            string[] paths = [$"/api/v1/runs/{run}", $"/api/v1/runs/{run}/metrics?metric=reward&points=500"];
            var tags = new string?[paths.Length];
            try
            {
                await Task.Delay(ClientEvery * number / Clients, over); // not all at the same moment
                for (var i = 0; ; i++)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, paths[i % paths.Length]);
                    if (tags[i % paths.Length] is { } tag)
                        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
                    var clock = Stopwatch.GetTimestamp();
                    using var answer = await client.SendAsync(request, over);
                    await answer.Content.ReadAsByteArrayAsync(over);
                    _answers.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
                    if (!answer.IsSuccessStatusCode && answer.StatusCode != System.Net.HttpStatusCode.NotModified)
                        Interlocked.Increment(ref _failed);
                    tags[i % paths.Length] = answer.Headers.ETag?.Tag ?? tags[i % paths.Length];
                    await Task.Delay(ClientEvery, over);
                }
            }
            catch (OperationCanceledException)
            {
                // The window is over.
            }
        }
    }
}
