using CLGRPO.Data.Datasets;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class VerdictsTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-BLZ-2")]
    public async Task Submit_SameKeyAgainAndAtOnce_IsOneReview(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");
        var said = desk.Say(Verdict.Accept);

        var receipts = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => Task.Run(() => desk.Verdicts.Submit(item, "ann", said, Stop), Stop))
        );

        Assert.Single(receipts, receipt => !receipt.Repeated);
        Assert.Single(receipts.Select(receipt => receipt.ReviewId).Distinct());
        using var context = desk.Store.Context();
        Assert.Equal(1, context.Reviews.Count());
        Assert.Equal(1, context.Audit.Count(entry => entry.Action == "review.submit"));
        await Assert.ThrowsAsync<ReviewException>(() => desk.Verdicts.Submit(item, "ben", said, Stop));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "T1.2")]
    public async Task Submit_TwoPeopleAtOnce_OneIsStoredAndTheOtherToldWithNothingLost(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");
        await desk.Drafts.Save(item, "ann", "Ann's words.", null, 0, Stop);
        desk.Time.Advance(TimeSpan.FromMinutes(16));
        await desk.Next("ben");
        desk.Time.Advance(TimeSpan.FromMinutes(16)); // both leases have ended: whoever is first has it

        var both = await Task.WhenAll(
            Try(() => desk.Judge(item, "ann", Verdict.Edit, "Ann's words.")),
            Try(() => desk.Judge(item, "ben", Verdict.Reject))
        );

        Assert.Single(both, error => error is null);
        Assert.IsType<ReviewConflictException>(Assert.Single(both, error => error is not null));
        using var context = desk.Store.Context();
        var stored = Assert.Single(context.Reviews);
        Assert.Equal(1, desk.Item(item).Judged);
        Assert.Equal(stored.Reviewer == "ann" ? 0 : 1, context.ReviewDrafts.Count()); // the loser's text is still there
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Submit_Edit_IsWhatTheNextVersionHolds(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1);
        var item = await desk.Next("ann");
        var before = desk.RecordOf(item);

        await desk.Judge(item, "ann", Verdict.Edit, "Better reasoning.");

        var record = desk.RecordOf(item);
        Assert.Equal(before.Completion, record.Completion); // the teacher's text stays
        Assert.Equal(ReviewState.Edited, record.Review);
        using var context = desk.Store.Context();
        var sample = context.Samples.Single();
        sample.Split = Split.Train;
        context.SaveChanges();
        PutImage(desk.Store, sample);
        var version = await new VersionFreezer(desk.Store.Factory, desk.Time, desk.Store.Root).Freeze(
            desk.Dataset,
            new RecordSelection(),
            "lead",
            Stop
        );
        var frozen = Assert.Single(version.Of(Split.Train));
        Assert.Equal(ReviewDesk.Completion("Better reasoning.", sample.Label), frozen.Completion);
        Assert.Equal("even (edited)", frozen.Teacher);
    }

    [Theory]
    [InlineData(Verdict.Reject, null, null, "says why")]
    [InlineData(Verdict.Edit, null, null, "comes with the verdict 'edit'")]
    [InlineData(Verdict.Accept, null, "text", "comes with the verdict 'edit'")]
    [InlineData(Verdict.Edit, null, "  ", "1 to 20000 characters")]
    [InlineData(Verdict.Edit, null, "Reasoning 0.", "the old one")]
    [InlineData(Verdict.Edit, null, "a</think><answer>joy</answer>", "tags")]
    public async Task Submit_Impossible_IsRefusedAndStoresNothing(
        Verdict verdict,
        string? reason,
        string? text,
        string message
    )
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var item = await desk.Next("ann");
        var said = new VerdictSubmission
        {
            Key = "k",
            Verdict = verdict,
            Reason = reason,
            Text = text,
        };

        var error = await Assert.ThrowsAsync<ReviewException>(() => desk.Verdicts.Submit(item, "ann", said, Stop));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.False(desk.Store.Context().Reviews.Any());
    }

    [Theory]
    [InlineData("faithful", 0)]
    [InlineData("faithful", 6)]
    [InlineData("unknown", 3)]
    public async Task Submit_RatingThatIsNone_IsRefused(string question, int value)
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var said = desk.Say(Verdict.Accept) with { Ratings = new Dictionary<string, int> { [question] = value } };

        await Assert.ThrowsAsync<ReviewException>(async () =>
            await desk.Verdicts.Submit(await desk.Next("ann"), "ann", said, Stop)
        );
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Undo_LastTwenty_GoesBackStepByStepAndNoFurther(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 25);
        var judged = new List<long>();
        for (var i = 0; i < 22; i++)
        {
            judged.Add(await desk.Next("ann"));
            await desk.Judge(judged[^1], "ann", Verdict.Accept);
        }

        var undone = new List<long>();
        while (await desk.Verdicts.Undo(desk.Batch, "ann", Stop) is { } item)
            undone.Add(item);

        Assert.Equal(Enumerable.Reverse(judged).Take(20), undone);
        Assert.Equal(undone[^1], await desk.Next("ann")); // what was undone comes first
        Assert.Equal(ReviewState.Pending, desk.RecordOf(undone[0]).Review);
        using var context = desk.Store.Context();
        Assert.Equal(2, context.Reviews.Count(review => !review.Superseded));
        Assert.Equal(20, context.Reviews.Count(review => review.UndoneAt != null));
        Assert.Equal(20, context.Audit.Count(entry => entry.Action == "review.undo"));
        Assert.Null(await desk.Verdicts.Undo(desk.Batch, "ben", Stop));
    }

    [Fact]
    public async Task Undo_Edit_WhatWasTypedIsADraftAgain()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var item = await desk.Next("ann");
        var said = desk.Say(Verdict.Edit, "Better reasoning.") with
        {
            Ratings = new Dictionary<string, int> { ["fluent"] = 4 },
            Comment = "short",
        };
        await desk.Verdicts.Submit(item, "ann", said, Stop);

        Assert.Equal(item, await desk.Verdicts.Undo(desk.Batch, "ann", Stop));

        var task = await desk.Tasks.Find(item, "ann", Stop);
        Assert.Equal("Better reasoning.", task!.Draft!.Text);
        Assert.Equal(4, task.Draft.Ratings["fluent"]);
        Assert.Equal("short", task.Draft.Comment);
        Assert.Equal(1, task.DraftVersion);
        Assert.Equal(desk.Now.AddMinutes(15), task.LeaseEnds);
        await desk.Judge(item, "ann", Verdict.Accept);
        Assert.Equal(ReviewState.Accepted, desk.RecordOf(item).Review);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Decide_Conflict_EndsItAndStandsBeforeUndo(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 1, new ReviewBatchPlan { Name = "twice", Overlap = 2 });
        var item = await desk.Next("ann");
        await desk.Judge(item, "ann", Verdict.Accept);
        await desk.Next("ben");
        var receipt = await desk.Judge(item, "ben", Verdict.Reject);
        Assert.Equal((ReviewItemState.Conflict, ReviewState.Flagged), (receipt.Item, receipt.Record));
        var conflicts = new ReviewConflicts(desk.Store.Factory);
        var (open, total) = await conflicts.List(desk.Batch, decided: false, 0, 10, Stop);
        Assert.Equal(1, total);
        Assert.Equal(["ann", "ben"], open.Single().Opinions.Select(opinion => opinion.Reviewer));
        Assert.Null(open[0].Decision);

        var decided = await desk.Verdicts.Decide(item, "lead", desk.Say(Verdict.Edit, "The lead's words."), Stop);

        Assert.Equal((ReviewItemState.Done, ReviewState.Edited), (decided.Item, decided.Record));
        await Assert.ThrowsAsync<ReviewConflictException>(() => desk.Verdicts.Undo(desk.Batch, "ben", Stop));
        Assert.Equal(0, (await conflicts.List(desk.Batch, decided: false, 0, 10, Stop)).Total);
        var done = (await conflicts.List(desk.Batch, decided: true, 0, 10, Stop)).Some.Single();
        Assert.Equal("The lead's words.", done.Decision!.Text);

        await desk.Verdicts.Decide(item, "lead", desk.Say(Verdict.Reject), Stop); // thinks again
        Assert.Equal(ReviewState.Rejected, desk.RecordOf(item).Review);
        await Assert.ThrowsAsync<ReviewException>(() =>
            desk.Verdicts.Decide(item, "lead", desk.Say(Verdict.Skip), Stop)
        );
    }

    [Fact]
    public async Task Audit_OfAVerdict_SaysWhoWhatBeforeAndAfter()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var item = await desk.Next("ann");
        await desk.Judge(item, "ann", Verdict.Reject);

        using var context = desk.Store.Context();
        var entry = context.Audit.Single(one => one.Action == "review.submit");
        Assert.Equal("ann", entry.Actor);
        Assert.Equal($"record:{desk.RecordOf(item).Id}", entry.Subject);
        Assert.Equal("""{"item":"open","record":"pending"}""", entry.Before);
        Assert.Contains("\"reason\":\"circular\"", entry.After, StringComparison.Ordinal);
        Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => context.Audit.ExecuteDelete());
    }

    [Fact]
    public async Task Audit_AfterEveryKindOfAct_NamesEachAndItsActor()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 3);
        var item = await desk.Next("ann");
        await desk.Drafts.Comment(item, "ann", "Look.", Stop);
        await desk.Judge(item, "ann", Verdict.Accept);
        await desk.Verdicts.Undo(desk.Batch, "ann", Stop);
        await desk.Verdicts.Decide(item, "lead", desk.Say(Verdict.Reject), Stop);
        var many = new BulkVerdict
        {
            Key = "many",
            Filter = new ReviewFilter(),
            Verdict = Verdict.Accept,
            Expected = 2,
        };
        await desk.Bulk.Judge(desk.Batch, "lead", many, Stop);
        await desk.Bulk.Undo("many", "lead", Stop);
        await new Guidelines(desk.Writes, desk.Time).Add(desk.Dataset, "Anew.", 1, "lead", Stop);
        await desk.Batches.Close(desk.Batch, "lead", Stop);

        using var context = desk.Store.Context();
        Assert.Equal(
            [
                "lead review.batch.create",
                "lead review.batch.fill",
                "ann review.comment",
                "ann review.submit",
                "ann review.undo",
                "lead review.decide",
                "lead review.bulk",
                "lead review.bulk",
                "lead review.undo",
                "lead review.undo",
                "lead review.guideline",
                "lead review.batch.close",
            ],
            context.Audit.OrderBy(entry => entry.Id).Select(entry => entry.Actor + " " + entry.Action)
        );
        Assert.All(context.Audit, entry => Assert.Equal(desk.Now, entry.At));
    }

    private static async Task<Exception?> Try(Func<Task> act)
    {
        try
        {
            await Task.Run(act, Stop);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static void PutImage(TestStore store, StoredSample sample)
    {
        var blobs = Path.Combine(store.Root, "blobs");
        Directory.CreateDirectory(blobs);
        File.WriteAllText(Path.Combine(blobs, sample.Image), sample.Key);
    }
}
