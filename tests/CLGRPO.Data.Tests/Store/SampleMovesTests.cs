using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Browsing;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class SampleMovesTests
{
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Move_SomeSamples_TakesTheirGroupsAndNotesEach(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        var moves = new SampleMoves(browsed.Store.Factory, TimeProvider.System);
        await using var before = browsed.Store.Context();
        var foreign = await before
            .Samples.Where(s => s.DatasetId == browsed.Other)
            .ToDictionaryAsync(s => s.Key, StoreRows.Stop);

        // a2 takes a5 of its group along; a4 is there already; the other data set's samples are left alone.
        var report = await moves.Move(
            browsed.Dataset,
            [
                browsed.Ids["a2"],
                browsed.Ids["a4"],
                browsed.Ids["a6"],
                browsed.Ids["a2"],
                foreign["a1"].Id,
                long.MaxValue,
            ],
            Split.Validation,
            "ada",
            StoreRows.Stop
        );

        Assert.Equal(new MoveReport(3, 1), report);
        await using var context = browsed.Store.Context();
        var splits = await context
            .Samples.Where(s => s.DatasetId == browsed.Dataset)
            .ToDictionaryAsync(s => s.Key, s => s.Split, StoreRows.Stop);
        Assert.Equal(
            ["a2", "a4", "a5", "a6"],
            splits.Where(s => s.Value == Split.Validation).Select(s => s.Key).Order()
        );
        Assert.True(
            await context
                .Samples.Where(s => s.DatasetId == browsed.Other)
                .AllAsync(s => s.Key != "a5" || s.Split == Split.Test, StoreRows.Stop)
        );
        var notes = await context
            .Audit.Where(entry => entry.Action == "sample.split")
            .OrderBy(entry => entry.Subject)
            .ToListAsync(StoreRows.Stop);
        Assert.Equal(
            new[] { ("a2", "\"train\""), ("a5", "\"test\""), ("a6", "null") }
                .Select(note => ($"sample:{browsed.Ids[note.Item1]}", note.Item2, "\"val\"", "ada"))
                .Order(),
            notes.Select(note => (note.Subject, note.Before!, note.After!, note.Actor)).Order()
        );
        Assert.Equal(
            new MoveReport(0, 0),
            await moves.Move(browsed.Dataset, [browsed.Ids["a2"]], Split.Validation, "ada", StoreRows.Stop)
        );
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Move_StoppedHalfway_ChangesNothing(Database database)
    {
        using var browsed = await BrowsedStore.Open(database);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new SampleMoves(browsed.Store.Factory, TimeProvider.System).Move(
                browsed.Dataset,
                [.. browsed.Ids.Values],
                Split.Test,
                "ada",
                stop.Token
            )
        );

        await using var context = browsed.Store.Context();
        Assert.Equal(
            1,
            await context.Samples.CountAsync(
                s => s.DatasetId == browsed.Dataset && s.Split == Split.Test,
                StoreRows.Stop
            )
        );
        Assert.Empty(await context.Audit.Where(entry => entry.Action == "sample.split").ToListAsync(StoreRows.Stop));
    }
}
