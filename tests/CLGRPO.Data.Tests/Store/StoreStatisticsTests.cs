using System.Diagnostics;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

public sealed class StoreStatisticsTests(ITestOutputHelper output)
{
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Of_SmallSet_CountsEverythingInItsOrder(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var other = StoreRows.AddDataset(store, "other");
        await StoreRows.Add(store, other, StoreRows.Samples(5));
        await StoreRows.Add(
            store,
            dataset,
            [
                Sample("a", "fear", Split.Train, ["city"]) with
                {
                    Completion = "text",
                    Teacher = "x",
                },
                Sample("b", "joy", Split.Train, ["city", "beach"]) with
                {
                    Completion = "text",
                    Teacher = "x",
                },
                Sample("c", "joy", Split.Test, []),
                Sample("d", "joy", split: null, ["beach"]),
            ]
        );
        using (var context = store.Context())
        {
            var record = context.Records.First(record => record.Sample!.Key == "a");
            (record.Review, record.Agreement) = (ReviewState.Flagged, 0.5);
            context.SaveChanges();
        }

        var statistics = await StoreStatistics.Of(store.Factory, dataset, StoreRows.Stop);

        Assert.Equal((4, 2), (statistics.Samples, statistics.WithAccepted));
        Assert.Equal(
            [
                new("joy", Split.Train, 1),
                new("joy", Split.Test, 1),
                new("joy", null, 1),
                new ClassCount("fear", Split.Train, 1),
            ],
            statistics.Classes
        );
        Assert.Equal(
            [
                new("scene", null, Split.Test, 1),
                new("scene", "beach", Split.Train, 1),
                new("scene", "beach", null, 1),
                new AttributeCount("scene", "city", Split.Train, 2),
            ],
            statistics.Attributes
        );
        Assert.Equal(
            [
                new("joy", "x", CotState.Accepted, ReviewState.Pending, 1, null, 0),
                new RecordCount("fear", "x", CotState.Accepted, ReviewState.Flagged, 1, 0.5, 0),
            ],
            statistics.Records
        );
    }

    [Fact]
    public async Task Of_ManySamples_StaysInTheDatabase()
    {
        using var store = new TestStore(Database.Sqlite);
        var dataset = StoreRows.AddDataset(store);
        await StoreRows.Add(
            store,
            dataset,
            [.. StoreRows.Samples(5_000).Select((s, i) => Sample(s.Key, s.Label, Splits.All[i % 3], ["city", "beach"]))]
        );
        await StoreStatistics.Of(store.Factory, dataset, StoreRows.Stop); // compiles the queries

        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var statistics = await StoreStatistics.Of(store.Factory, dataset, StoreRows.Stop);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        output.WriteLine($"5,000 samples: {clock.Elapsed.TotalMilliseconds:F0} ms, {allocated:N0} bytes");
        Assert.Equal(5_000, statistics.Samples);
        Assert.True(allocated < 1_000_000, $"{allocated:N0} bytes for a few dozen counts");
    }

    private static NewSample Sample(string key, string label, Split? split, IReadOnlyList<string> scenes) =>
        new(
            key,
            StoreRows.ImageOf(key),
            8,
            8,
            label,
            new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["scene"] = scenes }
        )
        {
            Split = split,
        };
}
