using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>
/// Fifty annotators over REST, each judging every other second, far faster than people do. A quarter of a minute by default, and nothing is
/// said about speed then. CLGRPO_REVIEW_MINUTES says for how long it is measured (the stated figures are for ten, on a quiet machine).
/// </summary>
public sealed class ReviewLoad(ITestOutputHelper output)
{
    private const int People = 50;
    private const double MostMilliseconds = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Null where nothing is measured.</summary>
    private static double? Minutes =>
        double.TryParse(
            Environment.GetEnvironmentVariable("CLGRPO_REVIEW_MINUTES"),
            CultureInfo.InvariantCulture,
            out var minutes
        )
            ? minutes
            : null;

    private static TimeSpan Duration => TimeSpan.FromMinutes(Minutes ?? 0.25);

    [Fact]
    [Trait("Id", "A-DB-2")]
    public async Task FiftyAnnotators_JudgeForMinutes_EveryVerdictIsStoredOnceAndFast()
    {
        var items = (int)(People * (Duration / Pause)) + (4 * People);
        await using var lab = await ReviewLab.Open(
            200,
            copies: (items / 200) + 1,
            new() { ["Site__ApiRequestsPerMinute"] = "6000" }
        );
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "load", Order = ReviewOrder.Oldest });
        var acknowledged = new ConcurrentDictionary<string, long>(StringComparer.Ordinal); // key → review
        var verdicts = new ConcurrentBag<double>();
        var others = new ConcurrentBag<double>();
        var bare = new List<double>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        var annotators = new List<Task>();
        for (var person = 0; person < People; person++)
        {
            var me = person;
            var client = await lab.Program($"p{me}");
            annotators.Add(
                Task.Run(() => Annotate(client, batch.Id, me, acknowledged, verdicts, others, over.Token), Stop)
            );
        }
        using var folder = new TemporaryFolder();
        var measured = Task.Run(() => MeasureBare(folder.Path, bare, over.Token), Stop);
        over.CancelAfter(Duration);
        await Task.WhenAll([.. annotators, measured]);

        await using var context = lab.Store.CreateDbContext();
        var stored = await context.Reviews.AsNoTracking().ToDictionaryAsync(review => review.Submission!, Stop);
        Assert.True(stored.Count >= acknowledged.Count);
        Assert.All(acknowledged, pair => Assert.Equal(pair.Value, stored[pair.Key].Id));
        Assert.Equal(stored.Count, stored.Values.Select(review => review.RecordId).Distinct().Count());
        Assert.Equal(stored.Count, await context.ReviewItems.SumAsync(item => item.Judged, Stop));
        Assert.Equal(stored.Count, await context.Audit.CountAsync(entry => entry.Action == "review.submit", Stop));
        Assert.DoesNotContain("database is locked", lab.Site.Output, StringComparison.OrdinalIgnoreCase);
        output.WriteLine(
            $"{People} annotators, {Duration.TotalMinutes:0.##} min, {stored.Count} verdicts stored once each"
        );
        Tell("verdict over REST", verdicts);
        Tell("next and draft over REST", others);
        Tell("bare SQLite transaction", bare);
        Assert.NotEmpty(verdicts);
        if (Minutes is not null)
            Assert.InRange(Quantile(verdicts, 0.95), 0, MostMilliseconds);
    }

    private static async Task Annotate(
        HttpClient client,
        long batch,
        int person,
        ConcurrentDictionary<string, long> acknowledged,
        ConcurrentBag<double> verdicts,
        ConcurrentBag<double> others,
        CancellationToken over
    )
    {
        var random = new Random(person);
        try
        {
            for (var i = 0; ; i++)
            {
                await Task.Delay(Pause * (0.5 + random.NextDouble()), over); // a person looks and thinks
                var clock = Stopwatch.StartNew();
                if (await ReviewRest.Next(client, batch, Stop) is not { } item)
                    continue;
                others.Add(clock.Elapsed.TotalMilliseconds);
                if (i % 5 == 0)
                {
                    clock.Restart();
                    using var draft = await client.PutAsync(
                        $"/api/v1/reviews/items/{item}/draft",
                        new StringContent("""{"text":"Half a thought.","version":0}""", null, "application/json"),
                        Stop
                    );
                    Assert.True(draft.IsSuccessStatusCode, $"{draft.StatusCode}");
                    others.Add(clock.Elapsed.TotalMilliseconds);
                }
                var said = new
                {
                    key = $"{person}-{i}",
                    verdict = "accept",
                    ratings = new { leads = 1 + (i % 5) },
                };
                clock.Restart();
                var receipt = await ReviewRest.Judge(client, item, said, Stop);
                verdicts.Add(clock.Elapsed.TotalMilliseconds);
                acknowledged[said.key] = receipt.GetProperty("reviewId").GetInt64();
                if (i % 10 == 0) // the answer was lost: sent again
                    Assert.True((await ReviewRest.Judge(client, item, said, Stop)).GetProperty("repeated").GetBoolean());
            }
        }
        catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
        {
            // The time is over.
        }
        finally
        {
            client.Dispose();
        }
    }

    /// <summary>A row in a transaction of its own, in a file of its own with the store's settings, as often as a person judges.</summary>
    private static async Task MeasureBare(string folder, List<double> bare, CancellationToken over)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "bare.db")}");
        connection.Open();
        Run(
            connection,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)"
        );
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), over);
                var clock = Stopwatch.StartNew();
                Run(connection, "BEGIN IMMEDIATE; INSERT INTO t (text) VALUES ('a verdict'); COMMIT");
                bare.Add(clock.Elapsed.TotalMilliseconds);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }

    private static void Run(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private void Tell(string what, IReadOnlyCollection<double> milliseconds) =>
        output.WriteLine(
            $"{what}: {milliseconds.Count} times, median {Quantile(milliseconds, 0.5):0.0} ms, p95 {Quantile(milliseconds, 0.95):0.0} ms, worst {Quantile(milliseconds, 1):0.0} ms"
        );

    private static double Quantile(IReadOnlyCollection<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)(share * (sorted.Count - 1))];
    }
}
