using System.Collections.Concurrent;
using System.Diagnostics;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class StoreReliabilityTests(ITestOutputHelper output)
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "REL-DB-5")]
    public void Kill_DuringCommits_LosesNothingAcknowledged(Database database)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var import = StoreRows.AddImport(store, dataset);

        for (var round = 0; round < 5; round++)
        {
            using var writer = new StoreWriterProcess(store.Options.Connection, dataset, import);
            var acknowledged = writer.KillAfter(random.Next(1, 30));

            using var again = StoreFactory.Open(store.Options); // checks the file
            using var context = again.CreateDbContext();
            var cursor = context.Imports.Single().Cursor;
            output.WriteLine($"round {round}: {acknowledged} acknowledged, {cursor} there");
            Assert.InRange(cursor, acknowledged, acknowledged + StoreWriterProcess.BatchSize);
            Assert.Equal(cursor, context.Imports.Single().Imported);
            Assert.Equal(cursor, context.Samples.Count());
        }
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-DB-2")]
    [Trait("Id", "REL-DB-3")]
    public async Task Writers_ImporterAndReaders_NobodyIsTurnedAway(Database database)
    {
        const int Writers = 5;
        const int CommitsEach = 40;
        const int Batches = 20;
        const int BatchSize = 250;
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var import = StoreRows.AddImport(store, dataset);
        await StoreRows.Add(store, dataset, StoreRows.Samples(1, "first"));
        var sample = store.Context().Samples.Single().Id;
        var waits = new ConcurrentBag<double>();
        using var done = new CancellationTokenSource();

        using var reading = new CountdownEvent(2);
        var readers = Enumerable
            .Range(0, 2)
            .Select(_ => Task.Run(() => Read(store, dataset, reading, done.Token), Stop))
            .ToList();
        await Task.Run(() => reading.Wait(Stop), Stop); // writers find readers at work, however busy the machine is
        var writers = Enumerable
            .Range(0, Writers)
            .Select(w => Task.Run(() => Annotate(store, sample, w, CommitsEach, waits), Stop))
            .Append(Task.Run(() => Import(store, dataset, import, Batches, BatchSize), Stop));
        await Task.WhenAll(writers);
        await done.CancelAsync();
        var reads = await Task.WhenAll(readers);

        using var context = store.Context();
        Assert.Equal(Writers * CommitsEach, context.Reviews.Count());
        Assert.Equal(Writers * CommitsEach, context.Records.Count());
        Assert.Equal(1 + Batches * BatchSize, context.Samples.Count());
        Assert.All(reads, count => Assert.True(count > 0));
        var ordered = waits.Order().ToList();
        output.WriteLine(
            $"{ordered.Count} commits, median {ordered[ordered.Count / 2]:F0} ms, p95 {ordered[ordered.Count * 95 / 100]:F0} ms, worst {ordered[^1]:F0} ms; {reads.Sum()} reads"
        );
        if (database == Database.Sqlite)
            Assert.InRange(new FileInfo(store.Options.Connection + "-wal").Length, 0, 1L << 27);
    }

    /// <summary>What annotators do: a record is read, changed, and a review added, in one commit.</summary>
    private static void Annotate(TestStore store, long sample, int writer, int commits, ConcurrentBag<double> waits)
    {
        for (var i = 0; i < commits; i++)
        {
            var clock = Stopwatch.StartNew();
            using var context = store.Context();
            var record = new CotRecord
            {
                SampleId = sample,
                Teacher = $"w{writer}",
                Model = "",
                Completion = $"text {i}",
                CreatedAt = StoreRows.Now,
            };
            context.Records.Add(record);
            using var transaction = context.Database.BeginTransaction();
            context.SaveChanges();
            var stored = context
                .Samples.Include(s => s.Records.Where(r => r.Id == record.Id))
                .Single(s => s.Id == sample);
            stored.Records[0].Review = ReviewState.Accepted;
            context.Reviews.Add(
                new Review
                {
                    RecordId = record.Id,
                    Reviewer = $"w{writer}",
                    Verdict = Verdict.Accept,
                    CreatedAt = StoreRows.Now,
                }
            );
            context.SaveChanges();
            transaction.Commit();
            waits.Add(clock.Elapsed.TotalMilliseconds);
        }
    }

    private static async Task Import(TestStore store, long dataset, long import, int batches, int size)
    {
        await using var writer = await SampleBatchWriter.Open(
            store.Factory,
            TimeProvider.System,
            dataset,
            import,
            StoreRows.Vocabulary,
            Stop
        );
        for (var batch = 0; batch < batches; batch++)
            await writer.Add(StoreRows.Samples(size, $"b{batch}-"), [], batch, Stop);
    }

    private static async Task<int> Read(TestStore store, long dataset, CountdownEvent reading, CancellationToken done)
    {
        var reads = 0;
        do
        {
            await StoreStatistics.Of(store.Factory, dataset, CancellationToken.None);
            if (reads++ == 0)
                reading.Signal();
        } while (!done.IsCancellationRequested);
        return reads;
    }
}
