using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>A record that may be taken for its sample.</summary>
/// <param name="Edit">The newest edit of a reviewer that stands; its text takes the record's place.</param>
internal sealed record CandidateRecord(
    long Id,
    long SampleId,
    ReviewState Review,
    double? Agreement,
    int Attempt,
    string Teacher,
    long? Edit
);

/// <summary>
/// Takes one record per sample. The order of preference: edited by a reviewer, accepted by a reviewer, not yet reviewed, flagged or rejected
/// (where the selection allows them); then the higher agreement, the earlier attempt, the teacher's name, and the text. Nothing of it
/// depends on the database's ids.
/// </summary>
internal sealed class RecordChoice(StoreContext context, long datasetId, RecordSelection selection)
{
    private static readonly ReviewState[] Preference =
    [
        ReviewState.Edited,
        ReviewState.Accepted,
        ReviewState.Pending,
        ReviewState.Flagged,
        ReviewState.Rejected,
    ];

    private const int TextsAtOnce = 500;

    /// <returns>Sample id → its record, the review whose edit counts, and what people said about the record.</returns>
    public async Task<Dictionary<long, (long RecordId, long? ReviewId, ReviewState Review)>> Take(
        CancellationToken stop
    )
    {
        var best = new Dictionary<long, CandidateRecord>();
        // Texts are long and seldom decide: they are read only of records that are equal in all else.
        var equals = new Dictionary<long, List<CandidateRecord>>();
        var ratings = selection.MinRating is null ? null : await Ratings(stop);
        await foreach (var record in Candidates().AsAsyncEnumerable().WithCancellation(stop))
        {
            if (ratings is not null && !(ratings.GetValueOrDefault(record.Id) >= selection.MinRating))
                continue;
            var difference = best.TryGetValue(record.SampleId, out var other) ? Compare(record, other) : -1;
            if (difference < 0)
            {
                best[record.SampleId] = record;
                equals.Remove(record.SampleId);
            }
            else if (difference == 0)
            {
                if (!equals.TryGetValue(record.SampleId, out var alike))
                    equals[record.SampleId] = alike = [other!];
                alike.Add(record);
            }
        }
        await DecideByText(equals, best, stop);
        return best.ToDictionary(pair => pair.Key, pair => (pair.Value.Id, pair.Value.Edit, pair.Value.Review));
    }

    private async Task DecideByText(
        Dictionary<long, List<CandidateRecord>> equals,
        Dictionary<long, CandidateRecord> best,
        CancellationToken stop
    )
    {
        foreach (var some in equals.Chunk(TextsAtOnce))
        {
            var ids = some.SelectMany(sample => sample.Value.Select(record => record.Id)).ToList();
            var texts = await context
                .Records.Where(record => ids.Contains(record.Id))
                .Select(record => new { record.Id, record.Completion })
                .ToDictionaryAsync(record => record.Id, record => record.Completion, stop);
            foreach (var (sample, alike) in some)
                best[sample] = alike.MinBy(record => texts[record.Id], StringComparer.Ordinal)!;
        }
    }

    private IQueryable<CandidateRecord> Candidates()
    {
        var records = context.Records.Where(record =>
            record.Sample!.DatasetId == datasetId
            && !context.Jobs.Any(job => job.Id == record.JobId && job.IsTrial)
            && (
                record.State == CotState.Accepted
                || record.Review == ReviewState.Accepted
                || record.Review == ReviewState.Edited
            )
        );
        var reviews = selection.Reviews.ToList();
        records = records.Where(record => reviews.Contains(record.Review));
        records = selection.Teachers is { } teachers
            ? records.Where(record => teachers.Contains(record.Teacher))
            : records.Where(record => record.Teacher != CotRecord.Playground);
        if (selection.Jobs is { } names)
        {
            var jobs = context.Jobs.Where(job => names.Contains(job.Name)).Select(job => (long?)job.Id);
            records = records.Where(record => jobs.Contains(record.JobId));
        }
        if (selection.MinAgreement is { } agreement)
            records = records.Where(record => record.Agreement >= agreement);
        return records.Select(record => new CandidateRecord(
            record.Id,
            record.SampleId,
            record.Review,
            record.Agreement,
            record.Attempt,
            record.Teacher,
            record.Review == ReviewState.Edited
                ? context
                    .Reviews.Where(review =>
                        review.RecordId == record.Id && review.Verdict == Verdict.Edit && !review.Superseded
                    )
                    .OrderByDescending(review => review.CreatedAt)
                    .ThenByDescending(review => review.Id)
                    .Select(review => (long?)review.Id)
                    .FirstOrDefault()
                : null
        ));
    }

    /// <summary>Record id → mean over its reviewers of the mean of their answers.</summary>
    private async Task<Dictionary<long, double>> Ratings(CancellationToken stop)
    {
        var reviews = await context
            .Reviews.Where(review =>
                review.Record!.Sample!.DatasetId == datasetId && !review.Superseded && review.Ratings != null
            )
            .Select(review => new { review.RecordId, review.Ratings })
            .ToListAsync(stop);
        return reviews
            .Select(review =>
                (review.RecordId, Answers: JsonSerializer.Deserialize<Dictionary<string, double>>(review.Ratings!)!)
            )
            .Where(review => review.Answers.Count > 0)
            .GroupBy(review => review.RecordId)
            .ToDictionary(record => record.Key, record => record.Average(review => review.Answers.Values.Average()));
    }

    private static int Compare(CandidateRecord a, CandidateRecord b)
    {
        int[] differences =
        [
            Array.IndexOf(Preference, a.Review) - Array.IndexOf(Preference, b.Review),
            (b.Agreement ?? -1).CompareTo(a.Agreement ?? -1),
            a.Attempt - b.Attempt,
            string.CompareOrdinal(a.Teacher, b.Teacher),
        ];
        return Array.Find(differences, difference => difference != 0);
    }
}
