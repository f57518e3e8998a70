using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class ReviewWorkTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task SaveDraft_TwoWindows_TheOlderIsToldAndOverwritesNothing(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");
        await desk.Drafts.Rate(item, "ann", new Dictionary<string, int> { ["leads"] = 2 }, Stop);

        Assert.Equal(1, await desk.Drafts.Save(item, "ann", "One", "hm", 0, Stop));
        Assert.Equal(2, await desk.Drafts.Save(item, "ann", "Two", "hm", 1, Stop));
        await Assert.ThrowsAsync<ReviewConflictException>(() =>
            desk.Drafts.Save(item, "ann", "older window", null, 1, Stop)
        );

        var draft = (await desk.Tasks.Find(item, "ann", Stop))!.Draft!;
        Assert.Equal(("Two", "hm", 2), (draft.Text, draft.Comment, draft.Ratings["leads"]));
        Assert.Null((await desk.Tasks.Find(item, "ben", Stop))!.Draft);
        Assert.Equal(3, await desk.Drafts.Save(item, "ann", null, "", 2, Stop));
        await desk.Drafts.Rate(item, "ann", new Dictionary<string, int>(), Stop);
        Assert.Null((await desk.Tasks.Find(item, "ann", Stop))!.Draft); // nothing is left in it
        Assert.Equal(1, await desk.Drafts.Save(item, "ann", "anew", null, 0, Stop));
    }

    [Fact]
    public async Task SaveDraft_TooLongOrUnknown_IsRefused()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var item = await desk.Next("ann");

        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Drafts.Save(item, "ann", new string('x', 20_001), null, 0, Stop)
        );
        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Drafts.Save(item, "ann", null, new string('x', 4_001), 0, Stop)
        );
        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Drafts.Rate(item, "ann", new Dictionary<string, int> { ["leads"] = 6 }, Stop)
        );
        await Assert.ThrowsAsync<KeyNotFoundException>(() => desk.Drafts.Save(99, "ann", "x", null, 0, Stop));
    }

    [Fact]
    public async Task Find_Item_ShowsTheConstructionAndWhatIsSuggestedButNotWhatOthersSaid()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1, new ReviewBatchPlan { Name = "twice", Overlap = 2 });
        var item = await desk.Next("ann");
        using (var context = desk.Store.Context())
        {
            var record = context.Records.Single();
            foreach (var (teacher, agrees) in (ReadOnlySpan<(string, bool)>)[("a", true), ("b", true), ("c", false)])
                record.Votes.Add(
                    new CotVote
                    {
                        Teacher = teacher,
                        Model = "",
                        Label = agrees ? "joy" : "fear",
                        Agrees = agrees,
                    }
                );
            context.SaveChanges();
        }
        await desk.Drafts.Comment(item, "ben", "  A habit of this teacher?\r\n", Stop);

        var task = (await desk.Tasks.Find(item, "ann", Stop))!;

        Assert.Equal("Reasoning 0.", task.Reasoning);
        Assert.True(task.AnswerIsLabel);
        Assert.Equal(3, task.Tries.Single().Votes.Count);
        Assert.Equal(4, Assert.Single(task.Suggestions).Value); // 1 + 4 × 2/3, rounded
        Assert.Equal("A habit of this teacher?", task.Comments.Single().Text);
        Assert.Null(await desk.Tasks.Find(99, "ann", Stop));
        var next = Assert.Single(await desk.Tasks.Thumbs([item, 99], Stop));
        Assert.Null(next.Verdict);
        await desk.Judge(item, "ann", Verdict.Flag);
        Assert.Equal(Verdict.Flag, Assert.Single(await desk.Tasks.Judged(desk.Batch, "ann", 7, Stop)).Verdict);
        Assert.Empty(await desk.Tasks.Judged(desk.Batch, "ben", 7, Stop));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Bulk_OverAFilter_JudgesWhatNobodyTouchedAndCanBeUndone(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 250);
        var held = await desk.Next("ann");
        var judged = await desk.Next("ben");
        await desk.Judge(judged, "ben", Verdict.Reject);
        var filter = new ReviewFilter { MinAgreement = 0.2 };
        var expected = await desk.Bulk.Count(desk.Batch, filter, Stop);
        Assert.Equal(200, expected);
        var act = new BulkVerdict
        {
            Key = "act",
            Filter = filter,
            Verdict = Verdict.Accept,
            Expected = expected,
        };
        await Assert.ThrowsAsync<ReviewConflictException>(() =>
            desk.Bulk.Judge(desk.Batch, "lead", act with { Expected = 7 }, Stop)
        );

        Assert.Equal(expected, await desk.Bulk.Judge(desk.Batch, "lead", act, Stop));
        Assert.Equal(expected, await desk.Bulk.Judge(desk.Batch, "lead", act, Stop)); // sent again

        using var context = desk.Store.Context();
        Assert.Equal(expected, context.Reviews.Count(review => review.Bulk == "act"));
        Assert.Equal(expected, context.Audit.Count(entry => entry.Action == "review.bulk"));
        Assert.Equal(0, desk.Item(held).Judged);
        Assert.Null(await desk.Verdicts.Undo(desk.Batch, "lead", Stop));
        Assert.Equal(expected, await desk.Bulk.Undo("act", "lead", Stop));
        Assert.Equal(expected, await desk.Bulk.Count(desk.Batch, filter, Stop));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => desk.Bulk.Undo("act", "ann", Stop));
    }

    [Theory]
    [InlineData(Verdict.Skip, null)]
    [InlineData(Verdict.Edit, null)]
    [InlineData(Verdict.Reject, "whatever")]
    public async Task Bulk_ImpossibleVerdict_IsRefused(Verdict verdict, string? reason)
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var act = new BulkVerdict
        {
            Key = "k",
            Filter = new ReviewFilter(),
            Verdict = verdict,
            Reason = reason,
            Expected = 1,
        };

        await Assert.ThrowsAsync<ReviewException>(() => desk.Bulk.Judge(desk.Batch, "lead", act, Stop));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Progress_AfterEveryKindOfAct_CountsEveryItemOnce(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 12);
        foreach (var verdict in Enum.GetValues<Verdict>())
        {
            var item = await desk.Next("ann");
            await desk.Judge(item, "ann", verdict, verdict == Verdict.Edit ? "New." : null);
        }
        var begun = await desk.Next("ann");
        await desk.Drafts.Save(begun, "ann", "begun", null, 0, Stop);
        desk.Time.Advance(TimeSpan.FromMinutes(2));

        var progress = await ReviewProgress.Of(desk.Store.Factory, desk.Batch, desk.Now, Stop);

        Assert.Equal(12, progress.Items);
        Assert.Equal(
            (1, 1, 1, 1, 1, 7),
            (progress.Accepted, progress.Edited, progress.Rejected, progress.Flagged, progress.Skipped, progress.Open)
        );
        Assert.Equal(
            (4, 1, 1, 4, 8),
            (progress.Judged, progress.Drafts, progress.Conflicts, progress.Judgements, progress.Missing)
        );
        Assert.Equal(2, progress.PerMinute);
        Assert.Equal(TimeSpan.FromMinutes(4), progress.Remaining);
        Assert.Equal((4, 4, 1, 1), await Mine(desk, "ann", desk.Now.AddHours(-1)));
        Assert.Equal((4, 0, 1, 1), await Mine(desk, "ann", desk.Now));
        Assert.Equal((0, 0, 0, 0), await Mine(desk, "ben", desk.Now.AddHours(-1)));
        desk.Time.Advance(TimeSpan.FromHours(1));
        Assert.Null((await ReviewProgress.Of(desk.Store.Factory, desk.Batch, desk.Now, Stop)).Remaining);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task OpenFor_SeveralBatches_CountsWhatThePersonCanStillJudge(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 6, new ReviewBatchPlan { Name = "twice", Overlap = 2 });
        foreach (var verdict in (Verdict[])[Verdict.Accept, Verdict.Skip, Verdict.Flag])
            await desk.Judge(await desk.Next("ann"), "ann", verdict);
        await desk.Judge(await desk.Next("ben"), "ben", Verdict.Accept);
        await desk.Verdicts.Undo(desk.Batch, "ann", Stop);

        Assert.Equal((4, 5, 5), (await Open("ann"), await Open("ben"), await Open("cleo")));
        await desk.Batches.Close(desk.Batch, "lead", Stop);
        await desk.Batches.Create(
            desk.Dataset,
            new ReviewBatchPlan { Name = "hers", Assignees = ["Ann"] },
            "lead",
            Stop
        );
        Assert.Equal((4, 0), (await Open("ann"), await Open("ben"))); // those that nobody had judged

        Task<int> Open(string person) => ReviewProgress.OpenFor(desk.Store.Factory, person, Stop);
    }

    [Fact]
    public async Task Guidelines_NewVersion_KeepsTheOldOnesAndTellsWhoWasSlower()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var guidelines = new Guidelines(desk.Writes, desk.Time);
        var first = await guidelines.Newest(desk.Dataset, Stop);
        Assert.Equal(1, first!.Version); // came with the batch

        await guidelines.Add(desk.Dataset, "# Accept\r\nAll of it.", 1, "ann", Stop);

        Assert.Equal([2, 1], (await guidelines.List(desk.Dataset, Stop)).Select(text => text.Version));
        Assert.Equal("# Accept\nAll of it.", (await guidelines.Newest(desk.Dataset, Stop))!.Text);
        await Assert.ThrowsAsync<ReviewConflictException>(() => guidelines.Add(desk.Dataset, "mine", 1, "ben", Stop));
        await Assert.ThrowsAsync<ReviewException>(() => guidelines.Add(desk.Dataset, " ", 2, "ben", Stop));
        await Assert.ThrowsAsync<ReviewException>(() =>
            guidelines.Add(desk.Dataset, "# Accept\nAll of it.", 2, "ben", Stop)
        );
        var item = await desk.Next("ann");
        await desk.Verdicts.Submit(item, "ann", desk.Say(Verdict.Accept) with { Guideline = 2 }, Stop);
        Assert.Equal(2, desk.Store.Context().Reviews.Single().Guideline);
    }

    private static Task<(int, int, int, int)> Mine(ReviewDesk desk, string reviewer, DateTime since) =>
        ReviewProgress.Mine(desk.Store.Factory, desk.Batch, reviewer, since, Stop);
}
