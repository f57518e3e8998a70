using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>
/// Fifty annotators over REST, each judging every other second, far faster than people do; a tenth of the verdicts is sent twice, as after a
/// lost answer. In the suite for a quarter of a minute, where nothing is said about speed. <c>make bench-review</c> measures it for
/// CLGRPO_REVIEW_MINUTES (ten), beside a bare SQLite transaction on the same disk at the same time, and writes results/review.json.
/// </summary>
public sealed class ReviewLoad
{
    private const int People = 50;
    private const double MostMilliseconds = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // The site compiles its code and its queries in this time; it is told of apart.
    private static readonly TimeSpan ColdStart = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static double Minutes =>
        Environment.GetEnvironmentVariable("CLGRPO_REVIEW_MINUTES") is { Length: > 0 } set
            ? double.Parse(set, CultureInfo.InvariantCulture)
            : 10;

    [Fact]
    [Trait("Id", "A-DB-2")]
    public async Task FiftyAnnotators_ForAWhile_EveryVerdictIsStoredOnce()
    {
        var load = await Run(TimeSpan.FromSeconds(15));
        Assert.NotEmpty(load.Of("verdict"));
    }

    [Fact(Explicit = true)]
    public async Task FiftyAnnotators_ForMinutes_EveryVerdictIsStoredOnceAndSoon()
    {
        var load = await Run(TimeSpan.FromMinutes(Minutes));
        var text = JsonSerializer.Serialize(load.Report(), Json);
        Console.WriteLine(text);
        await File.WriteAllTextAsync(
            Path.Combine(Checkout.Root, "tests", "benchmarks", "results", "review.json"),
            text + "\n",
            Stop
        );
        var slow = Load.Quantile(load.Of("verdict"), 0.95);
        Assert.True(slow < MostMilliseconds, $"A twentieth of the verdicts take {slow:F0} ms and longer.");
    }

    private static async Task<Load> Run(TimeSpan duration)
    {
        var items = (int)(People * (duration / Pause)) + (4 * People);
        await using var lab = await ReviewLab.Open(
            200,
            copies: (items / 200) + 1,
            new() { ["Site__ApiRequestsPerMinute"] = "6000" }
        );
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "load", Order = ReviewOrder.Oldest });
        var clients = new List<HttpClient>();
        for (var person = 0; person < People; person++)
            clients.Add(await lab.Program($"p{person}"));
        var load = new Load(batch.Id, duration);
        using var folder = new TemporaryFolder();
        using var bare = new BareTransactions(Path.Combine(folder.Path, "bare.db"));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        over.CancelAfter(duration);
        await Task.WhenAll(
            clients
                .Select((client, person) => Task.Run(() => load.Annotate(client, person, over.Token), Stop))
                .Append(Task.Run(() => load.Measure(bare, over.Token), Stop))
        );
        clients.ForEach(client => client.Dispose());
        load.Locked = lab.Site.Output.Split("database is locked").Length - 1;
        await CheckStored(lab.Store, load);
        return load;
    }

    private static async Task CheckStored(StoreFactory store, Load load)
    {
        await using var context = store.CreateDbContext();
        var stored = await context.Reviews.AsNoTracking().ToDictionaryAsync(review => review.Submission!, Stop);
        Assert.Equal(load.Acknowledged.Count, stored.Count);
        Assert.All(load.Acknowledged, pair => Assert.Equal(pair.Value, stored[pair.Key].Id));
        Assert.Equal(stored.Count, stored.Values.Select(review => review.RecordId).Distinct().Count());
        Assert.Equal(stored.Count, await context.ReviewItems.SumAsync(item => item.Judged, Stop));
        Assert.Equal(stored.Count, await context.Audit.CountAsync(entry => entry.Action == "review.submit", Stop));
        Assert.Equal(0, load.Locked);
    }

    /// <summary>What the annotators did, and how long each waited.</summary>
    private sealed class Load(long batch, TimeSpan duration)
    {
        private readonly ConcurrentBag<(string What, double Milliseconds, bool Cold)> _times = [];
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private int _retries;

        /// <summary>Key of a submission → review.</summary>
        public ConcurrentDictionary<string, long> Acknowledged { get; } = new(StringComparer.Ordinal);

        /// <summary>How often the site said so.</summary>
        public int Locked { get; set; }

        public IReadOnlyList<double> Of(string what, bool cold = false) =>
            [.. _times.Where(time => time.What == what && (cold || !time.Cold)).Select(time => time.Milliseconds)];

        /// <summary>One person, until it is over; a judgement that was begun is ended.</summary>
        public async Task Annotate(HttpClient client, int person, CancellationToken over)
        {
            var random = new Random(person);
            for (var i = 0; ; i++)
            {
                if (!await Thinks(Pause * (0.5 + random.NextDouble()), over))
                    return;
                if (await Timed("next", () => ReviewRest.Next(client, batch, Stop)) is not { } item)
                    continue;
                if (i % 5 == 0)
                    await Timed("draft", () => ReviewRest.Save(client, item, "Half a thought.", Stop));
                if (i % 3 == 0)
                    await Timed("lease", () => ReviewRest.Renew(client, item, Stop));
                var said = new
                {
                    key = $"{person}-{i}",
                    verdict = "accept",
                    ratings = new { leads = 1 + (i % 5) },
                };
                var receipt = await Timed("verdict", () => ReviewRest.Judge(client, item, said, Stop));
                Acknowledged[said.key] = receipt.GetProperty("reviewId").GetInt64();
                if (i % 10 != 0)
                    continue;
                var again = await ReviewRest.Judge(client, item, said, Stop);
                Assert.True(again.GetProperty("repeated").GetBoolean());
                Interlocked.Increment(ref _retries);
            }
        }

        /// <summary>As often as a person judges.</summary>
        public async Task Measure(BareTransactions bare, CancellationToken over)
        {
            while (await Thinks(Pause / People, over))
                await Timed("bare", () => Task.FromResult(bare.Write()));
        }

        public object Report() =>
            new
            {
                People,
                duration.TotalMinutes,
                Cores = Environment.ProcessorCount,
                Verdicts = Acknowledged.Count,
                StoredOnceEach = true, // it was checked, or there is no report
                SentAgain = _retries,
                DatabaseIsLocked = Locked,
                VerdictMs = Times("verdict"),
                NextMs = Times("next"),
                LeaseMs = Times("lease"),
                DraftMs = Times("draft"),
                BareTransactionMs = Times("bare"),
                FirstSecondsVerdictMs = Quantiles([
                    .. _times.Where(time => time is { What: "verdict", Cold: true }).Select(time => time.Milliseconds),
                ]),
            };

        public static double Quantile(IReadOnlyList<double> values, double share) =>
            Math.Round(values.Order().ElementAt((int)(share * (values.Count - 1))), 2);

        private object Times(string what) => Quantiles(Of(what));

        private static object Quantiles(IReadOnlyList<double> values) =>
            new
            {
                values.Count,
                P50 = Quantile(values, 0.5),
                P95 = Quantile(values, 0.95),
                P99 = Quantile(values, 0.99),
                Worst = Quantile(values, 1),
            };

        private async Task<T> Timed<T>(string what, Func<Task<T>> act)
        {
            var cold = _clock.Elapsed < ColdStart;
            var began = Stopwatch.GetTimestamp();
            var result = await act();
            _times.Add((what, Stopwatch.GetElapsedTime(began).TotalMilliseconds, cold));
            return result;
        }

        private static async Task<bool> Thinks(TimeSpan time, CancellationToken over)
        {
            await Task.Delay(time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return !over.IsCancellationRequested;
        }
    }
}
