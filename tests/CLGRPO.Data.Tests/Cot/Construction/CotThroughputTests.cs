using System.Diagnostics;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;

namespace CLGRPO.Data.Tests.Cot.Construction;

public sealed class CotThroughputTests
{
    private const double SlowestPerSecond = 20;

    // The desk may make up for a second of turns that it missed.
    private const double MadeUp = SlowestPerSecond;

    // On a machine that is busy with other things a run may be starved; one of these must not be.
    private const int Runs = 3;

    [Fact]
    public async Task Run_TeachersWithRates_ReachesNineTenthsOfWhatTheSlowestAllows()
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, samples: 160);
        await bench.AddTeacher("slow", new FakeHabits(), teacher => teacher.RequestsPerMinute = 60 * SlowestPerSecond);
        await bench.AddTeacher("bert", new FakeHabits(), teacher => teacher.RequestsPerMinute = 3600);
        await bench.AddTeacher("cleo", new FakeHabits(), teacher => teacher.RequestsPerMinute = 3600);
        var config = new ConstructionConfig
        {
            Generators = ["bert", "slow"],
            Verifiers = ["slow", "bert", "cleo"],
            Splits = ["train"],
            OnlyMissing = false,
        };

        var reached = new List<double>();
        while (reached.Count < Runs && !reached.Exists(share => share >= 0.9))
        {
            var before = bench.Servers["slow"].Arrivals.Count;
            Assert.Equal(
                JobState.Completed,
                await bench.Run(await bench.CreateJob(config with { Seed = reached.Count }), Stop)
            );
            var arrivals = bench.Servers["slow"].Arrivals.Skip(before).ToList();
            Assert.Equal(160, arrivals.Count); // writes or judges each sample once
            var seconds = Stopwatch.GetElapsedTime(arrivals[0], arrivals[^1]).TotalSeconds;
            Assert.InRange(arrivals.Count, 1, (SlowestPerSecond * seconds) + MadeUp + 1);
            reached.Add((arrivals.Count - 1) / seconds / SlowestPerSecond);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"share of the slowest rate: {string.Join(", ", reached)}");
        Assert.InRange(reached[^1], 0.9, 1.2);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
