using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

public sealed class DatasetSplitterTests
{
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Split_Twice_MovesNothingTheSecondTimeAndIsAudited(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        await StoreRows.Add(store, dataset, StoreRows.Samples(300));
        var settings = new SplitSettings { Shares = new(80, 10, 10), Seed = 5 };

        var first = await Split(store, dataset, settings);
        var again = await Split(store, dataset, settings with { KeepGiven = false });
        var other = await Split(store, dataset, settings with { KeepGiven = false, Seed = 6 });

        Assert.Equal((300, 0, 0), (first.Moved, again.Moved, first.GroupsAcross));
        Assert.InRange(other.Moved, 30, 200);
        Assert.Equal(first.Counts, other.Counts);
        Assert.InRange(first.Counts.Test, 28, 32);
        using var context = store.Context();
        Assert.Equal(first.Counts.Test, context.Samples.Count(sample => sample.Split == Data.Datasets.Split.Test));
        Assert.Equal(["dataset.split", "dataset.split", "dataset.split"], context.Audit.Select(entry => entry.Action));
        Assert.Contains("\"seed\":6", context.Audit.OrderBy(e => e.Id).Last().After!, StringComparison.Ordinal);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Split_ImportedSplits_StayUnlessAsked(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var samples = StoreRows.Samples(100);
        await StoreRows.Add(
            store,
            dataset,
            [
                .. samples.Select(
                    (sample, i) =>
                        sample with
                        {
                            Split = i < 50 ? Data.Datasets.Split.Test : null,
                            Group =
                                i is 0 or 99 ? "pair"
                                : i is 1 or 2 ? "torn"
                                : null,
                        }
                ),
            ]
        );
        using (var context = store.Context())
        {
            context.Samples.Single(sample => sample.Key == samples[2].Key).Split = Data.Datasets.Split.Train;
            context.SaveChanges();
        }

        var kept = await Split(store, dataset, new SplitSettings());

        Assert.Equal((50, 1), (kept.Moved, kept.GroupsAcross));
        Assert.Equal(100, kept.Counts.Total);
        using (var context = store.Context())
        {
            var byKey = context.Samples.ToDictionary(sample => sample.Key, sample => sample.Split);
            Assert.All(
                samples.Take(50).Where(s => s != samples[2]),
                s => Assert.Equal(Data.Datasets.Split.Test, byKey[s.Key])
            );
            Assert.Equal(Data.Datasets.Split.Test, byKey[samples[99].Key]);
        }
        var anew = await Split(store, dataset, new SplitSettings { KeepGiven = false });
        Assert.InRange(anew.Counts.Test, 12, 18);
        Assert.Equal(0, anew.GroupsAcross);
    }

    private static Task<SplitReport> Split(TestStore store, long dataset, SplitSettings settings) =>
        DatasetSplitter.Split(store.Factory, TimeProvider.System, dataset, settings, "tester", StoreRows.Stop);
}
