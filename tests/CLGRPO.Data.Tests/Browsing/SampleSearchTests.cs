using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Browsing;

public sealed class SampleSearchTests
{
    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-DB-1")]
    public async Task Ids_EachFilter_LetsPassWhatFits(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        var hash = StoreRows.ImageOf("a4");
        (SampleFilter Filter, string Expected)[] cases =
        [
            (new(), "a1 a2 a3 a4 a5 a6 a7"),
            (new() { Labels = ["joy"] }, "a1 a4 a7"),
            (new() { Labels = ["joy", "awe"] }, "a1 a3 a4 a6 a7"),
            (new() { Labels = ["nothing"] }, ""),
            (new() { Splits = [Split.Validation] }, "a4"),
            (new() { Splits = [null] }, "a6"),
            (new() { Splits = [Split.Test, null] }, "a5 a6"),
            (new() { Standings = [SampleStanding.Pending] }, "a1"),
            (new() { Standings = [SampleStanding.Edited] }, "a2"),
            (new() { Standings = [SampleStanding.Accepted] }, "a3"),
            (new() { Standings = [SampleStanding.Rejected] }, "a4"),
            (new() { Standings = [SampleStanding.Flagged] }, ""),
            (new() { Standings = [SampleStanding.None] }, "a5 a6 a7"),
            (new() { Standings = [SampleStanding.None, SampleStanding.Edited] }, "a2 a5 a6 a7"),
            (new() { Standings = Enum.GetValues<SampleStanding>() }, "a1 a2 a3 a4 a5 a6 a7"),
            (new() { Teachers = ["t1"] }, "a1 a2 a3"),
            (new() { Teachers = ["t2", "t3"] }, "a3 a4"),
            (new() { Attributes = [new("scene", ["beach"])] }, "a1 a4"),
            (new() { Attributes = [new("scene", ["beach", "city"])] }, "a1 a2 a4 a5"),
            (new() { Attributes = [new("scene", [""])] }, "a6"),
            (new() { Attributes = [new("scene", ["nowhere"])] }, ""),
            (new() { Ranges = [new("brightness", 0.2, 0.9)] }, "a2 a3 a4"),
            (new() { Attributes = [new("scene", ["beach"])], Ranges = [new("brightness", 0.4, 0.6)] }, "a4"),
            (
                new()
                {
                    Labels = ["joy"],
                    Splits = [Split.Train],
                    Standings = [SampleStanding.Pending],
                    Teachers = ["t1"],
                },
                "a1"
            ),
            (new() { Text = "sunny sea" }, "a1"),
            (new() { Text = "  SEA, =1 " }, "a1"),
            (new() { Text = "0%" }, "a4"),
            (new() { Text = "%" }, "a4"),
            (new() { Text = "_" }, ""),
            (new() { Text = "100%_'; DROP TABLE \"Samples\" --" }, ""),
            (new() { Text = "a\0b\ud83d" }, ""),
            (new() { Text = "A3" }, "a3"),
            (new() { Text = hash[..12].ToUpperInvariant() }, "a4"),
            (new() { Text = hash }, "a4"),
            (new() { Text = "candidate" }, "a5"),
            (new() { Text = "good", Labels = ["joy"] }, ""),
        ];
        foreach (var (filter, expected) in cases)
            Assert.Equal(expected, await browsed.Fitting(filter));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Ids_EachOrder_IsAsItSays(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);

        Assert.Equal("a7 a6 a5 a4 a3 a2 a1", await browsed.Fitting(new(), SampleOrder.Newest));
        // Records were written from a7 to a1; a6 has none.
        Assert.Equal("a1 a2 a3 a4 a5 a7 a6", await browsed.Fitting(new(), SampleOrder.Changed));
        Assert.Equal("a1 a2 a3", await browsed.Fitting(new() { Teachers = ["t1"] }, SampleOrder.Changed));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Page_WalkedFromEitherEnd_ShowsEachSampleOnce(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        foreach (var newestFirst in (bool[])[false, true])
        {
            var seen = new List<SampleTile>();
            while (true)
            {
                var page = await browsed.Search.Page(
                    browsed.Dataset,
                    new(),
                    seen.LastOrDefault()?.Id ?? 0,
                    newestFirst,
                    limit: 3,
                    StoreRows.Stop
                );
                seen.AddRange(page);
                if (page.Count < 3)
                    break;
            }
            var keys = seen.Select(tile => tile.Key).ToList();
            Assert.Equal(newestFirst ? keys.OrderDescending() : keys.Order(), keys);
            Assert.Equal(7, keys.Distinct().Count());
            var third = seen.Single(tile => tile.Key == "a3");
            Assert.Equal(
                (SampleStanding.Accepted, 2, "awe", Split.Train),
                (third.Standing, third.Records, third.Label, third.Split!.Value)
            );
            Assert.Equal((SampleStanding.None, 1), Of(seen, "a5"));
            Assert.Equal((SampleStanding.None, 0), Of(seen, "a6"));
        }

        static (SampleStanding, int) Of(IEnumerable<SampleTile> tiles, string key)
        {
            var tile = tiles.Single(tile => tile.Key == key);
            return (tile.Standing, tile.Records);
        }
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Tiles_OfAnotherDataset_AreLeftOut(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        var foreign = await browsed.Search.Ids(browsed.Other, new(), SampleOrder.Imported, StoreRows.Stop);

        var tiles = await browsed.Search.Tiles(
            browsed.Dataset,
            [browsed.Ids["a5"], foreign[0], browsed.Ids["a2"], long.MaxValue],
            StoreRows.Stop
        );

        Assert.Equal(["a5", "a2"], tiles.Select(tile => tile.Key));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Facets_OfADataset_CountWhatTheFiltersLetPass(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);

        var facets = await SampleFacets.Of(browsed.Store.Factory, browsed.Dataset, StoreRows.Stop);

        Assert.Equal((7, 4), (facets.Samples, facets.WithRecord));
        Assert.Equal([new("joy", 3, 2), new("fear", 2, 1), new LabelFacet("awe", 2, 1)], facets.Labels);
        Assert.Equal(
            [new(Split.Train, 4), new(Split.Validation, 1), new(Split.Test, 1), new SplitFacet(null, 1)],
            facets.Splits
        );
        Assert.Equal([new("t1", 3), new TeacherFacet("t2", 2)], facets.Teachers);
        foreach (var (standing, samples) in facets.Standings)
            Assert.Equal(
                samples,
                await browsed.Search.Count(browsed.Dataset, new() { Standings = [standing] }, StoreRows.Stop)
            );
        Assert.Equal(["scene", "brightness"], facets.Attributes.Select(attribute => attribute.Attribute));
        Assert.Equal(
            [new("beach", 2), new("city", 2), new ValueFacet(null, 1)],
            facets.Attributes[0].Values.OrderBy(value => value.Value is null)
        );
        Assert.True(facets.Attributes[1].IsNumeric);
        Assert.Equal([new("0.1", 1), new("0.5", 2), new ValueFacet("0.9", 1)], facets.Attributes[1].Values);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Reader_OfASample_TellsItsWholeLife(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        var reader = new SampleReader(browsed.Store.Factory);

        var sample = await reader.Read(browsed.Dataset, browsed.Ids["a2"], StoreRows.Stop);

        Assert.NotNull(sample);
        Assert.Equal(
            ("a2", "fear", SampleStanding.Edited, "g"),
            (sample.Key, sample.Label, sample.Standing, sample.Group)
        );
        Assert.Equal(["city"], sample.Attributes.Single(attribute => attribute.Name == "scene").Values);
        var record = Assert.Single(sample.Records);
        Assert.Equal("better", Assert.Single(record.Reviews).EditedCompletion);
        Assert.Equal(
            [HistoryKind.Reviewed, HistoryKind.RecordAccepted],
            sample.History.Select(entry => entry.Kind).Order().Reverse()
        );
        Assert.Null(await reader.Read(browsed.Other, browsed.Ids["a2"], StoreRows.Stop));
        Assert.Null(await reader.Reply(browsed.Dataset, browsed.Ids["a2"], record.Id, StoreRows.Stop));
    }
}
