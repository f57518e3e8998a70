using System.Collections.Concurrent;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class ReviewQueueTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Take_OverlapOne_NobodyGetsAnothersItem(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 4);

        var ann = await desk.Queue.Take(desk.Batch, "ann", 2, Stop);
        var ben = await desk.Queue.Take(desk.Batch, "ben", 3, Stop);
        var cleo = await desk.Queue.Take(desk.Batch, "cleo", 2, Stop);

        Assert.Equal(2, ann.Count);
        Assert.Equal(2, ben.Count);
        Assert.Empty(ann.Intersect(ben));
        Assert.Empty(cleo);
        Assert.Equal(ann, await desk.Queue.Take(desk.Batch, "ann", 2, Stop)); // as after a reload
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Take_OverlapTwo_TwoPeopleAndNoThird(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1, new ReviewBatchPlan { Name = "twice", Overlap = 2 });

        var item = await desk.Next("ann");
        Assert.Equal(item, await desk.Next("ben"));
        Assert.Empty(await desk.Queue.Take(desk.Batch, "cleo", 1, Stop));

        await desk.Judge(item, "ann", Verdict.Accept);
        Assert.Empty(await desk.Queue.Take(desk.Batch, "ann", 1, Stop)); // judged
        Assert.Empty(await desk.Queue.Take(desk.Batch, "cleo", 1, Stop)); // one judgement and one lease
        Assert.Equal(ReviewItemState.Open, desk.Item(item).State);

        await desk.Judge(item, "ben", Verdict.Accept);
        Assert.Equal(ReviewItemState.Done, desk.Item(item).State);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Take_LeaseEnded_AnotherGetsTheItemAndTheFirstIsTold(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");

        desk.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(item, await desk.Next("ben"));

        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Queue.Renew(item, "ann", Stop));
        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Judge(item, "ann", Verdict.Accept));
        Assert.Equal(ReviewState.Pending, desk.RecordOf(item).Review);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Renew_InTimeOrNobodyElseTookIt_HoldsAnotherLease(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");

        desk.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(desk.Now.AddMinutes(15), await desk.Queue.Renew(item, "ann", Stop));
        desk.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Empty(await desk.Queue.Take(desk.Batch, "ben", 1, Stop));
        desk.Time.Advance(TimeSpan.FromMinutes(60));
        await desk.Queue.Renew(item, "ann", Stop);
        Assert.Empty(await desk.Queue.Take(desk.Batch, "ben", 1, Stop));

        await desk.Queue.Release(item, "ann", Stop);
        Assert.Equal(item, await desk.Next("ben"));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Take_FiftyAtOnce_EveryItemIsOnePersonsAlone(Database database)
    {
        const int People = 50;
        using var desk = await ReviewDesk.Open(database, People * 2);
        var taken = new ConcurrentBag<long>();

        await Task.WhenAll(
            Enumerable
                .Range(0, People)
                .Select(person =>
                    Task.Run(
                        async () =>
                        {
                            foreach (var item in await desk.Queue.Take(desk.Batch, $"p{person}", 2, Stop))
                                taken.Add(item);
                        },
                        Stop
                    )
                )
        );

        Assert.Equal(People * 2, taken.Count);
        Assert.Equal(People * 2, taken.Distinct().Count());
    }

    [Theory]
    [InlineData(ReviewOrder.Oldest, 0)]
    [InlineData(ReviewOrder.Uncertain, 2)]
    [InlineData(ReviewOrder.Flagged, 3)]
    public async Task Take_Order_GivesWhatItNamesFirst(ReviewOrder order, int expected)
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 4);
        await desk.Batches.Close(desk.Batch, "lead", Stop);
        List<CotRecord> records;
        using (var context = desk.Store.Context())
        {
            records = [.. context.Records.OrderBy(record => record.Id)];
            (records[0].Agreement, records[1].Agreement, records[2].Agreement, records[3].Agreement) = (
                0.9,
                null,
                0.1,
                1
            );
            records[3].Review = ReviewState.Flagged;
            context.SaveChanges();
        }
        var (batch, _) = await desk.Batches.Create(
            desk.Dataset,
            new ReviewBatchPlan { Name = "ordered", Order = order },
            "lead",
            Stop
        );

        var first = (await desk.Queue.Take(batch.Id, "ann", 1, Stop)).Single();

        Assert.Equal(records[expected].Id, desk.RecordOf(first).Id);
    }

    [Fact]
    public async Task Take_Skipped_ComesAgainOnlyWhereAskedFor()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 2);
        var skipped = await desk.Next("ann");
        await desk.Drafts.Save(skipped, "ann", "half a thought", null, 0, Stop);
        await desk.Judge(skipped, "ann", Verdict.Skip);
        Assert.Equal(skipped, await desk.Verdicts.Undo(desk.Batch, "ann", Stop));
        await desk.Judge(skipped, "ann", Verdict.Skip);
        Assert.Equal("half a thought", (await desk.Tasks.Find(skipped, "ann", Stop))!.Draft!.Text);
        var other = await desk.Next("ann");
        Assert.NotEqual(skipped, other);
        await desk.Judge(other, "ann", Verdict.Accept);
        Assert.Empty(await desk.Queue.Take(desk.Batch, "ann", 1, Stop));

        Assert.Equal([skipped], await desk.Queue.Take(desk.Batch, "ann", 1, Stop, ReviewSource.Skipped));
        await desk.Judge(skipped, "ann", Verdict.Reject);

        Assert.Empty(await desk.Queue.Take(desk.Batch, "ann", 1, Stop, ReviewSource.Skipped));
        Assert.Equal(ReviewState.Rejected, desk.RecordOf(skipped).Review);
    }

    [Fact]
    public async Task Take_AssignedToOthersOrClosed_IsRefused()
    {
        using var desk = await ReviewDesk.Open(
            Database.Sqlite,
            2,
            new ReviewBatchPlan { Name = "hers", Assignees = ["ann"] }
        );
        await Assert.ThrowsAsync<ReviewException>(() => desk.Queue.Take(desk.Batch, "ben", 1, Stop));
        var item = await desk.Next("ann");
        await Assert.ThrowsAsync<ReviewException>(() => desk.Judge(item, "ben", Verdict.Accept));
        await desk.Judge(item, "ann", Verdict.Accept);

        Assert.Equal(1, await desk.Batches.Close(desk.Batch, "lead", Stop)); // what nobody judged is free for another batch

        await Assert.ThrowsAsync<ReviewException>(() => desk.Queue.Take(desk.Batch, "ann", 1, Stop));
        var (_, items) = await desk.Batches.Create(desk.Dataset, new ReviewBatchPlan { Name = "next" }, "lead", Stop);
        Assert.Equal(1, items);
    }

    [Fact]
    public async Task Create_Filter_TakesWhatFitsAndNothingTwice()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 10, new ReviewBatchPlan { Name = "all" });
        Assert.Equal(0, await desk.Batches.Count(desk.Dataset, new ReviewFilter(), Stop));
        await desk.Batches.Close(desk.Batch, "lead", Stop);

        var filter = new ReviewFilter
        {
            Teachers = ["even"],
            MaxAgreement = 0.45,
            Text = "Reasoning",
        };
        Assert.Equal(3, await desk.Batches.Count(desk.Dataset, filter, Stop));
        var (batch, items) = await desk.Batches.Create(
            desk.Dataset,
            new ReviewBatchPlan { Name = "some", Filter = filter },
            "lead",
            Stop
        );

        Assert.Equal(3, items);
        Assert.Equal(0, await desk.Batches.Fill(batch.Id, "lead", Stop));
        Assert.Equal(filter.ToJson(), (await desk.Batches.Find(batch.Id, Stop))!.Filter);
        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Batches.Create(desk.Dataset, new ReviewBatchPlan { Name = "some" }, "lead", Stop)
        );
    }

    [Theory]
    [InlineData("", 1, 15)]
    [InlineData("x", 0, 15)]
    [InlineData("x", 21, 15)]
    [InlineData("x", 1, 0)]
    public async Task Create_ImpossiblePlan_IsRefused(string name, int overlap, int minutes)
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);

        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Batches.Create(
                desk.Dataset,
                new ReviewBatchPlan
                {
                    Name = name,
                    Overlap = overlap,
                    LeaseMinutes = minutes,
                },
                "lead",
                Stop
            )
        );
    }
}
