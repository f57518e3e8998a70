using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>What a model answered in the playground, with somebody's thumb.</summary>
public sealed record RatedAnswer
{
    /// <summary>SHA-256 of the picture.</summary>
    public required string Image { get; init; }

    /// <summary>What the asker saw as the picture's label; null for nothing.</summary>
    public string? Label { get; init; }

    /// <summary>The checkpoint that answered.</summary>
    public required string Model { get; init; }

    /// <summary>As it was written, with its tags.</summary>
    public required string Completion { get; init; }

    /// <summary>What was asked and how it was sampled, as JSON.</summary>
    public required string Sampling { get; init; }
    public int CompletionTokens { get; init; }
    public double Seconds { get; init; }

    /// <summary>Thumb up or down; null: taken back.</summary>
    public bool? Good { get; init; }
}

/// <summary>
/// Brings rated answers of the playground before reviewers. Such an answer becomes a record of its sample, of the teacher
/// <see cref="CotRecord.Playground"/>, and an item of the data set's batch for them. The same text of the same model is one record, however
/// often it is rated; thumbs are comments on it, and none of them decides anything.
/// </summary>
public sealed class RatedAnswers(ReviewWrites writes, TimeProvider clock)
{
    private const string BatchName = "Playground, ";
    private const int MostNumberLength = 6;

    // The batch for them is the one with this filter: a lead can also make it by hand.
    private static readonly ReviewFilter Filter = new()
    {
        States = [CotState.Candidate],
        Teachers = [CotRecord.Playground],
    };

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <returns>The batch it is in; null where no data set has a sample with the picture, or nothing was there to take back.</returns>
    public Task<ReviewBatch?> Keep(RatedAnswer answer, string person, CancellationToken stop) =>
        writes.Do(
            async context =>
            {
                if (await FindSample(context, answer, stop) is not { } sample)
                    return null;
                await Lock(context, sample.DatasetId, stop);
                var record = await context.Records.FirstOrDefaultAsync(
                    record =>
                        record.SampleId == sample.Id
                        && record.Teacher == CotRecord.Playground
                        && record.Model == answer.Model
                        && record.Completion == answer.Completion,
                    stop
                );
                if (record is null)
                {
                    if (answer.Good is null)
                        return null;
                    context.Add(record = Record(answer, sample));
                    await context.SaveChangesAsync(stop);
                }
                await Say(context, record, answer, person, stop);
                return await BatchOf(context, record, sample.Dataset!, answer, person, stop);
            },
            stop
        );

    /// <summary>A picture may be in several data sets: the one that calls it as the asker saw it comes first, then the oldest.</summary>
    private static Task<StoredSample?> FindSample(StoreContext context, RatedAnswer answer, CancellationToken stop)
    {
        var sets = context.Datasets.Select(set => set.Id); // the index on pictures begins with the data set
        return context
            .Samples.Include(sample => sample.Dataset)
            .Where(sample => sets.Contains(sample.DatasetId) && sample.Image == answer.Image)
            .OrderBy(sample => sample.Label != answer.Label)
            .ThenBy(sample => sample.Id)
            .FirstOrDefaultAsync(stop);
    }

    /// <summary>On PostgreSQL thumbs on one data set follow one another, so that there is one record and one batch.</summary>
    private static Task<int> Lock(StoreContext context, long datasetId, CancellationToken stop) =>
        context
            .Datasets.Where(set => set.Id == datasetId)
            .ExecuteUpdateAsync(change => change.SetProperty(set => set.Name, set => set.Name), stop);

    private CotRecord Record(RatedAnswer answer, StoredSample sample) =>
        new()
        {
            SampleId = sample.Id,
            Teacher = CotRecord.Playground,
            Model = answer.Model,
            Sampling = answer.Sampling,
            CompletionTokens = answer.CompletionTokens,
            Seconds = answer.Seconds,
            RawReply = answer.Completion,
            Completion = answer.Completion,
            State = CotState.Candidate,
            CreatedAt = Now,
        };

    private async Task Say(
        StoreContext context,
        CotRecord record,
        RatedAnswer answer,
        string person,
        CancellationToken stop
    )
    {
        var text = answer.Good switch
        {
            true => "Thumb up in the playground.",
            false => "Thumb down in the playground.",
            null => "Took the thumb of the playground back.",
        };
        var before = await context
            .ReviewComments.Where(comment => comment.RecordId == record.Id && comment.Author == person)
            .OrderByDescending(comment => comment.Id)
            .Select(comment => comment.Text)
            .FirstOrDefaultAsync(stop);
        if (before == text)
            return;
        context.Add(
            new ReviewComment
            {
                RecordId = record.Id,
                Author = person,
                Text = text,
                CreatedAt = Now,
            }
        );
        var after = new { answer.Model, answer.Good };
        ReviewAudit.Note(context, Now, person, "review.thumb", $"record:{record.Id}", before: null, after);
    }

    private async Task<ReviewBatch> BatchOf(
        StoreContext context,
        CotRecord record,
        StoredDataset dataset,
        RatedAnswer answer,
        string person,
        CancellationToken stop
    )
    {
        if (
            await context
                .ReviewItems.Include(item => item.Batch)
                .SingleOrDefaultAsync(item => item.RecordId == record.Id, stop) is
            { } item
        )
            return item.Batch!;
        var filter = Filter.ToJson();
        var batch =
            await context
                .ReviewBatches.Where(one => one.DatasetId == dataset.Id && one.ClosedAt == null && one.Filter == filter)
                .OrderBy(one => one.Id)
                .FirstOrDefaultAsync(stop)
            ?? await AddBatch(context, dataset, person, stop);
        context.Add(
            new ReviewItem
            {
                BatchId = batch.Id,
                RecordId = record.Id,
                Rank = answer.Good == false ? 0 : 1,
            }
        );
        return batch;
    }

    private async Task<ReviewBatch> AddBatch(
        StoreContext context,
        StoredDataset dataset,
        string person,
        CancellationToken stop
    )
    {
        var name = BatchName + dataset.Name;
        name = name[..Math.Min(name.Length, ReviewBatches.MostNameLength - MostNumberLength)];
        var taken = await context
            .ReviewBatches.Where(batch => batch.Name.StartsWith(name))
            .Select(batch => batch.Name)
            .ToListAsync(stop);
        var plan = new ReviewBatchPlan
        {
            Name = Enumerable
                .Range(1, taken.Count + 1)
                .Select(number => number == 1 ? name : $"{name}, {number}")
                .First(free => !taken.Contains(free, StringComparer.Ordinal)),
            Order = ReviewOrder.Oldest,
            Filter = Filter,
        };
        return await ReviewBatches.Add(context, dataset.Id, plan, person, Now, stop);
    }
}
