using System.Diagnostics;
using System.Globalization;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.Emoji;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>Real pictures and three servers that answer, disagree, stall, limit, cut, send garbage and lie.</summary>
public sealed class CotEmojiTests
{
    /// <summary>1: over all pictures, at rates like those of real teachers; measured for docs/construction.md.</summary>
    private const string FullVariable = "CLGRPO_COT_FULL";

    // What a collection finds at work differs by some megabytes; the ledger and the accepted texts take a few more.
    private const long AllowedGrowth = 24 << 20;

    private static readonly ConstructionConfig Config = new()
    {
        Generators = ["anna", "bert", "cleo"],
        Verifiers = ["anna", "bert", "cleo"],
        Quorum = 1,
        MinAgreement = 0.5,
        Attempts = 3,
    };

    [Fact]
    public async Task Run_OverEmoji_EveryRecordIsRightAndNothingIsLost()
    {
        var isFull = Environment.GetEnvironmentVariable(FullVariable) == "1";
        await using var bench = await ConstructionBench.Create(Database.Sqlite, root => Emoji(root, isFull));
        await AddTeachers(bench, isFull);
        var job = await bench.CreateJob(Config);
        using var memory = new MemorySamples(() => bench.Staff.Ledger.Asked);
        var clock = Stopwatch.StartNew();

        var state = await bench.Run(job, TestContext.Current.CancellationToken);

        var seconds = clock.Elapsed.TotalSeconds;
        Assert.Equal(JobState.Completed, state);
        var items = await bench.AgreesWithLedger(job, Config);
        Assert.Equal(0, bench.Staff.Ledger.AskedAgain);
        Assert.InRange(bench.Staff.Ledger.MostTries, 2, bench.Patience.MaxTries);
        await CallsAreWhatTheServersCounted(bench, job);
        Tell(bench, items, seconds, memory);
        if (isFull)
        {
            Assert.InRange(memory.Late - memory.Early, long.MinValue, AllowedGrowth);
            Assert.InRange(ShareOfSlowest(bench), 0.9, 1.1);
        }
    }

    private static async Task AddTeachers(ConstructionBench bench, bool isFull)
    {
        await bench.AddTeacher(
            "anna",
            new FakeHabits
            {
                Seed = 1,
                Lie = 0.25,
                Cut = 0.03,
                RateLimit = 0.03,
                RetryAfter = "0",
            },
            teacher => teacher.RequestsPerMinute = isFull ? SlowestPerMinute : null,
            keepsRequests: false
        );
        await bench.AddTeacher(
            "bert",
            new FakeHabits
            {
                Seed = 2,
                Lie = 0.1,
                Garbage = 0.04,
                Html = 0.02,
                Key = ReasoningKey.Inline,
            },
            keepsRequests: false
        );
        await bench.AddTeacher(
            "cleo",
            new FakeHabits
            {
                Seed = 3,
                Lie = 0.15,
                Stall = 0.02,
                Fail = 0.05,
                Key = ReasoningKey.ReasoningContent,
            },
            keepsRequests: false
        );
    }

    private const double SlowestPerMinute = 1800;

    /// <summary>All of the set, or the first of each split.</summary>
    private static DatasetVersion Emoji(string root, bool isFull)
    {
        const int Few = 90;
        var all = EmojiDataset.Get(root);
        if (isFull)
            return all;
        using var writer = new DatasetVersionWriter(root, all.Info with { Name = "emoji-few" });
        foreach (var split in Splits.All)
        {
            foreach (var sample in all.Of(split).Take(Few))
            {
                writer.AddImage(File.ReadAllBytes(all.ImagePath(sample)));
                writer.Add(split, sample);
            }
        }
        return writer.Commit();
    }

    private static async Task CallsAreWhatTheServersCounted(ConstructionBench bench, long job)
    {
        await using var context = bench.Store.Context();
        var calls = await context
            .Calls.Where(call => call.JobId == job)
            .GroupBy(call => call.Teacher)
            .ToDictionaryAsync(calls => calls.Key, calls => calls.Count());
        Assert.All(bench.Servers, server => Assert.Equal(server.Value.Arrivals.Count, calls[server.Key]));
        var answered = await context.Calls.CountAsync(call =>
            call.JobId == job && call.Outcome == TeacherOutcome.Answered
        );
        var stored = await context.Records.CountAsync(record => record.JobId == job && record.RawReply != null);
        stored += await context.Votes.CountAsync(vote => vote.RawReply != null);
        Assert.Equal(stored, answered);
    }

    private static double ShareOfSlowest(ConstructionBench bench)
    {
        var arrivals = bench.Servers["anna"].Arrivals.ToList();
        var minutes = Stopwatch.GetElapsedTime(arrivals[0], arrivals[^1]).TotalMinutes;
        return (arrivals.Count - 1) / minutes / SlowestPerMinute;
    }

    private static void Tell(
        ConstructionBench bench,
        IReadOnlyCollection<ExpectedItem> items,
        double seconds,
        MemorySamples memory
    ) =>
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{items.Count} samples, {items.Count(item => item.State == ItemState.Accepted)} accepted, {items.Count(item => item.State == ItemState.Rejected)} rejected; {bench.Staff.Ledger.Questions} questions, {bench.Staff.Ledger.Asked} requests, at most {bench.Staff.Ledger.MostTries} for one; {seconds:F1} s; anna at {ShareOfSlowest(bench):P1} of {SlowestPerMinute}/min; {memory}"
            )
        );

    /// <summary>Live memory after a collection, and the process's, as requests pass.</summary>
    private sealed class MemorySamples : IDisposable
    {
        private readonly List<(int Requests, long Heap, long Process)> _samples = [];
        private readonly Timer _timer;

        public MemorySamples(Func<int> requests) =>
            _timer = new Timer(_ => Take(requests()), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

        /// <summary>Median heap of the second quarter of the run.</summary>
        public long Early => Median(0.25, 0.5);

        /// <summary>Median heap of its last quarter.</summary>
        public long Late => Median(0.75, 1);

        public void Dispose() => _timer.Dispose();

        public override string ToString()
        {
            lock (_samples)
                return string.Join(
                    "; ",
                    _samples
                        .Where((_, i) => i % Math.Max(1, _samples.Count / 8) == 0)
                        .Select(sample =>
                            $"{sample.Requests} requests: heap {sample.Heap >> 20} MB, process {sample.Process >> 20} MB"
                        )
                );
        }

        private void Take(int requests)
        {
            var sample = (requests, GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
            lock (_samples)
                _samples.Add(sample);
        }

        private long Median(double from, double to)
        {
            lock (_samples)
            {
                var part = _samples[(int)(from * _samples.Count)..(int)(to * _samples.Count)];
                return part.Select(sample => sample.Heap).Order().ElementAt(part.Count / 2);
            }
        }
    }
}
