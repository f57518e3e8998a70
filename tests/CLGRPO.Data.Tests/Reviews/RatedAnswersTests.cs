using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class RatedAnswersTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Keep_SameAnswerRatedAgain_IsOneItemWithAWordOfEach(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 2);
        var rated = new RatedAnswers(desk.Writes, desk.Time);
        var answer = Answer("s000000");

        var batch = (await rated.Keep(answer, "ann", Stop))!;
        await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => rated.Keep(answer with { Good = false }, "ben", Stop)))
        );
        Assert.Equal(batch.Id, (await rated.Keep(answer, "ann", Stop))!.Id);
        Assert.Equal(batch.Id, (await rated.Keep(answer with { Good = null }, "ann", Stop))!.Id);
        Assert.Equal(batch.Id, (await rated.Keep(answer with { Model = "run/step-2" }, "ann", Stop))!.Id);

        Assert.Equal("Playground, small", batch.Name);
        using var context = desk.Store.Context();
        Assert.Equal(2, context.ReviewItems.Count(item => item.BatchId == batch.Id));
        var record = context.Records.OrderBy(one => one.Id).First(one => one.Teacher == CotRecord.Playground);
        Assert.Equal(
            ("run/step-1", CotState.Candidate, ReviewState.Pending, null),
            (record.Model, record.State, record.Review, record.JobId)
        );
        Assert.Equal("""{"seed":7}""", record.Sampling);
        Assert.Equal(
            ["Thumb up in the playground.", "Thumb down in the playground.", "Took the thumb of the playground back."],
            context
                .ReviewComments.Where(one => one.RecordId == record.Id)
                .OrderBy(one => one.Id)
                .Select(one => one.Text)
        );
        Assert.Equal(4, context.Audit.Count(entry => entry.Action == "review.thumb"));
        // It is judged as any other.
        var item = (await desk.Queue.Take(batch.Id, "cleo", 1, Stop)).Single();
        var receipt = await desk.Judge(item, "cleo", Verdict.Reject);
        Assert.Equal(ReviewState.Rejected, receipt.Record);
    }

    [Fact]
    public async Task Keep_PictureOfNoDataSetOrNothingToTakeBack_KeepsNothing()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var rated = new RatedAnswers(desk.Writes, desk.Time);

        Assert.Null(await rated.Keep(Answer("elsewhere"), "ann", Stop));
        Assert.Null(await rated.Keep(Answer("s000000") with { Good = null }, "ann", Stop));

        using var context = desk.Store.Context();
        Assert.False(await context.Records.AnyAsync(record => record.Teacher == CotRecord.Playground, Stop));
        Assert.Equal(1, await context.ReviewBatches.CountAsync(Stop));
    }

    [Fact]
    public async Task Keep_BatchWasClosed_MakesAnother()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 2);
        var rated = new RatedAnswers(desk.Writes, desk.Time);
        var first = (await rated.Keep(Answer("s000000"), "ann", Stop))!;
        await desk.Batches.Close(first.Id, "lead", Stop);

        var second = (await rated.Keep(Answer("s000001"), "ann", Stop))!;

        Assert.Equal("Playground, small, 2", second.Name);
        Assert.Equal(second.Id, (await rated.Keep(Answer("s000000"), "ann", Stop))!.Id); // it was let go
    }

    // Models learn from their own answers only where somebody asks for it by name, even where reviewers accepted them.
    [Fact]
    public async Task Choice_AcceptedAnswer_IsTakenOnlyByName()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);
        var rated = new RatedAnswers(desk.Writes, desk.Time);
        var batch = (await rated.Keep(Answer("s000000"), "ann", Stop))!;
        var item = (await desk.Queue.Take(batch.Id, "cleo", 1, Stop)).Single();
        await desk.Judge(item, "cleo", Verdict.Accept);
        await using var context = desk.Store.Context();
        var own = await context.Records.SingleAsync(record => record.Teacher == CotRecord.Playground, Stop);

        var usual = await new RecordChoice(context, desk.Dataset, new RecordSelection()).Take(Stop);
        var named = new RecordSelection { Teachers = [CotRecord.Playground] };
        var asked = await new RecordChoice(context, desk.Dataset, named).Take(Stop);

        Assert.NotEqual(own.Id, usual[own.SampleId].RecordId);
        Assert.Equal(own.Id, asked[own.SampleId].RecordId);
    }

    private static RatedAnswer Answer(string key) =>
        new()
        {
            Image = StoreRows.ImageOf(key),
            Label = "joy",
            Model = "run/step-1",
            Completion = ReviewDesk.Completion("It smiles.", "joy"),
            Sampling = """{"seed":7}""",
            Good = true,
        };
}
