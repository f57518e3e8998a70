using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Browsing;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Datasets;

public sealed class VersionComparisonTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Of_TwoFrozenVersions_TellsWhatBecameOfEachSample(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        browsed.PutPictures([.. browsed.Ids.Keys, "a8"]);
        var moves = new SampleMoves(browsed.Store.Factory, TimeProvider.System);
        await moves.Move(browsed.Dataset, [browsed.Ids["a6"]], Split.Train, "ada", Stop);
        var before = await Freeze(browsed, keepWithoutRecord: true);
        await moves.Move(browsed.Dataset, [browsed.Ids["a4"]], Split.Train, "ada", Stop);
        await StoreRows.Add(browsed.Store, browsed.Dataset, [StoreRows.Sample("a8") with { Split = Split.Test }]);
        await using (var context = browsed.Store.Context())
        {
            (await context.Samples.SingleAsync(s => s.Id == browsed.Ids["a3"], Stop)).Label = "fear";
            (await context.Records.SingleAsync(r => r.SampleId == browsed.Ids["a1"], Stop)).Review =
                ReviewState.Rejected;
            await context.SaveChangesAsync(Stop);
        }
        var after = await Freeze(browsed, keepWithoutRecord: true);
        var reviewed = await Freeze(browsed, keepWithoutRecord: false);

        var comparison = VersionComparison.Of(before, after);

        Assert.Equal(
            (7, 8, 1, 0, 3, 4),
            (
                comparison.LeftSamples,
                comparison.RightSamples,
                comparison.Added,
                comparison.Removed,
                comparison.Changed,
                comparison.Same
            )
        );
        Assert.Equal(
            [("a1", "text"), ("a3", "label"), ("a4", "split"), ("a8", "added")],
            comparison.Samples.Select(sample => (sample.Id, string.Join(' ', sample.What)))
        );
        Assert.Equal(
            (2, 1),
            comparison.Classes.Where(row => row.Label == "awe").Select(row => (row.Left, row.Right)).Single()
        );
        Assert.Null(comparison.Samples[0].After);
        Assert.Contains("Sunny", comparison.Samples[0].Before, StringComparison.Ordinal);
        // Training pictures without a text are left out: a1, a4 (refused), a6, a7.
        Assert.Equal(4, VersionComparison.Of(after, reviewed).Removed);
        Assert.Equal(8, VersionComparison.Of(after, after).Same);
    }

    private static Task<DatasetVersion> Freeze(BrowsedStore browsed, bool keepWithoutRecord) =>
        new VersionFreezer(browsed.Store.Factory, TimeProvider.System, browsed.Store.Root).Freeze(
            browsed.Dataset,
            new RecordSelection { KeepWithoutRecord = keepWithoutRecord },
            "ada",
            Stop
        );
}
