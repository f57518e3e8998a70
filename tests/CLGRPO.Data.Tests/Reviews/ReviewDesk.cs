using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Reviews;

/// <summary>A store with records to judge, and all that works on them, under a clock that stands still.</summary>
internal sealed class ReviewDesk : IDisposable
{
    private int _key;

    public ReviewDesk(Database database)
    {
        Store = new TestStore(database);
        Writes = new ReviewWrites(Store.Factory);
        Batches = new ReviewBatches(Writes, Time);
        Queue = new ReviewQueue(Writes, Time);
        Verdicts = new Verdicts(Writes, Queue, Time);
        Drafts = new ReviewDrafts(Writes, Time);
        Bulk = new BulkVerdicts(Writes, Verdicts, Time);
        Tasks = new ReviewTasks(Store.Factory);
    }

    public static CancellationToken Stop => StoreRows.Stop;

    public TestStore Store { get; }
    public ManualTime Time { get; } = new();
    public ReviewWrites Writes { get; }
    public ReviewBatches Batches { get; }
    public ReviewQueue Queue { get; }
    public Verdicts Verdicts { get; }
    public ReviewDrafts Drafts { get; }
    public BulkVerdicts Bulk { get; }
    public ReviewTasks Tasks { get; }
    public long Dataset { get; private set; }
    public long Batch { get; private set; }
    public DateTime Now => Time.GetUtcNow().UtcDateTime;

    /// <summary>A desk with a batch of that many records, each of a sample of its own.</summary>
    public static async Task<ReviewDesk> Open(Database database, int records, ReviewBatchPlan? plan = null)
    {
        var desk = new ReviewDesk(database);
        desk.Dataset = StoreRows.AddDataset(desk.Store);
        await StoreRows.Add(desk.Store, desk.Dataset, StoreRows.Samples(records));
        using (var context = desk.Store.Context())
        {
            context.Records.AddRange(
                context
                    .Samples.OrderBy(sample => sample.Id)
                    .ToList()
                    .Select(
                        (sample, i) =>
                            new CotRecord
                            {
                                SampleId = sample.Id,
                                Teacher = i % 2 == 0 ? "even" : "odd",
                                Model = "",
                                Completion = Completion($"Reasoning {i}.", sample.Label),
                                State = CotState.Accepted,
                                Agreement = i / (double)records,
                                CreatedAt = StoreRows.Now,
                            }
                    )
            );
            context.SaveChanges();
        }
        var (batch, items) = await desk.Batches.Create(
            desk.Dataset,
            plan ?? new ReviewBatchPlan { Name = "first" },
            "lead",
            Stop
        );
        Assert.Equal(records, items);
        desk.Batch = batch.Id;
        return desk;
    }

    public static string Completion(string reasoning, string label) =>
        $"<think>{reasoning}</think><answer>{label}</answer>";

    /// <summary>The person's next item.</summary>
    public async Task<long> Next(string reviewer) => (await Queue.Take(Batch, reviewer, 1, Stop)).Single();

    public VerdictSubmission Say(Verdict verdict, string? text = null) =>
        new()
        {
            Key = $"key-{Interlocked.Increment(ref _key)}",
            Verdict = verdict,
            Reason = verdict == Verdict.Reject ? "circular" : null,
            Text = text,
        };

    public Task<VerdictReceipt> Judge(long item, string reviewer, Verdict verdict, string? text = null) =>
        Verdicts.Submit(item, reviewer, Say(verdict, text), Stop);

    public CotRecord RecordOf(long item)
    {
        using var context = Store.Context();
        var id = context.ReviewItems.Single(one => one.Id == item).RecordId;
        return context.Records.Single(record => record.Id == id);
    }

    public ReviewItem Item(long item)
    {
        using var context = Store.Context();
        return context.ReviewItems.Single(one => one.Id == item);
    }

    public void Dispose()
    {
        Writes.Dispose();
        Store.Dispose();
    }
}
