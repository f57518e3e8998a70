using System.Text.Json;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Browsing;

/// <summary>Puts together what the store knows about one sample.</summary>
public sealed class SampleReader(StoreFactory store)
{
    private const int MostRecords = 100;

    /// <summary>The sample; null where the data set has none of that id.</summary>
    public async Task<SampleDetail?> Read(long datasetId, long sampleId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var sample = await context
            .Samples.AsNoTracking()
            .Include(sample => sample.Dataset)
            .Include(sample => sample.Attributes)
            .SingleOrDefaultAsync(sample => sample.Id == sampleId && sample.DatasetId == datasetId, stop);
        if (sample is null)
            return null;
        var vocabulary = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        var annotation = Annotation(sample, vocabulary);
        var mentions = new AttributeMentions(Vocabulary(vocabulary), sample.Dataset!.Labels);
        var records = await Records(context, sample, annotation, mentions, stop);
        var versions = await Versions(context, sampleId, stop);
        var best = records
            .Where(record =>
                record.State == CotState.Accepted || record.Review is ReviewState.Accepted or ReviewState.Edited
            )
            .OrderBy(record => Array.IndexOf(Standings.ByRank, StandingOf(record.Review)))
            .FirstOrDefault();
        return new SampleDetail(
            sample.Id,
            datasetId,
            sample.Dataset.Name,
            sample.Dataset.Question,
            sample.Key,
            sample.Image,
            sample.Width,
            sample.Height,
            sample.Label,
            sample.Split,
            sample.Group,
            best is null ? SampleStanding.None : StandingOf(best.Review),
            Attributes(vocabulary, annotation, mentions, best),
            records,
            await History(context, sample, records, versions, stop),
            versions
        );
    }

    /// <summary>The reply of a record as it came; null where there is none.</summary>
    public async Task<string?> Reply(long datasetId, long sampleId, long recordId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .Records.Where(record =>
                record.Id == recordId && record.SampleId == sampleId && record.Sample!.DatasetId == datasetId
            )
            .Select(record => record.RawReply)
            .SingleOrDefaultAsync(stop);
    }

    private static SampleStanding StandingOf(ReviewState review) =>
        review switch
        {
            ReviewState.Accepted => SampleStanding.Accepted,
            ReviewState.Edited => SampleStanding.Edited,
            ReviewState.Rejected => SampleStanding.Rejected,
            ReviewState.Flagged => SampleStanding.Flagged,
            _ => SampleStanding.Pending,
        };

    private static IReadOnlyList<AttributeVocabulary> Vocabulary(IEnumerable<AttributeValue> values) =>
        [
            .. values
                .GroupBy(value => (value.AttributeOrder, value.Attribute))
                .OrderBy(attribute => attribute.Key.AttributeOrder)
                .Select(attribute => new AttributeVocabulary(
                    attribute.Key.Attribute,
                    [.. attribute.OrderBy(value => value.ValueOrder).Select(value => value.Value).OfType<string>()]
                )),
        ];

    private static Dictionary<string, IReadOnlyList<string>> Annotation(
        StoredSample sample,
        IReadOnlyList<AttributeValue> vocabulary
    )
    {
        var own = sample.Attributes.Select(value => value.ValueId).ToHashSet();
        return vocabulary
            .Where(value => own.Contains(value.Id))
            .GroupBy(value => value.Attribute, StringComparer.Ordinal)
            .ToDictionary(
                values => values.Key,
                IReadOnlyList<string> (values) =>
                    [.. values.OrderBy(value => value.ValueOrder).Select(value => value.Value).OfType<string>()],
                StringComparer.Ordinal
            );
    }

    private static IReadOnlyList<SampleAttribute> Attributes(
        IReadOnlyList<AttributeValue> vocabulary,
        Dictionary<string, IReadOnlyList<string>> annotation,
        AttributeMentions mentions,
        RecordDetail? best
    )
    {
        var text = best?.Think ?? "";
        var named = mentions.Mentions(text).Select(mention => mention.Attribute).ToHashSet(StringComparer.Ordinal);
        var wrong = mentions.Contradictions(text, annotation).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. Vocabulary(vocabulary)
                .Select(attribute => new SampleAttribute(
                    attribute.Name,
                    annotation.GetValueOrDefault(attribute.Name),
                    named.Contains(attribute.Name) && annotation.ContainsKey(attribute.Name)
                        ? !wrong.Contains(attribute.Name)
                        : null
                )),
        ];
    }

    private static async Task<IReadOnlyList<RecordDetail>> Records(
        StoreContext context,
        StoredSample sample,
        Dictionary<string, IReadOnlyList<string>> annotation,
        AttributeMentions mentions,
        CancellationToken stop
    )
    {
        // Without the raw replies, which may be large.
        var rows = await context
            .Records.AsNoTracking()
            .Where(record => record.SampleId == sample.Id)
            .OrderByDescending(record => record.Id)
            .Take(MostRecords)
            .Select(record => new
            {
                record.Id,
                record.Teacher,
                record.Model,
                record.Attempt,
                Job = context.Jobs.Where(job => job.Id == record.JobId).Select(job => job.Name).FirstOrDefault(),
                Prompt = context
                    .Prompts.Where(prompt => prompt.Id == record.PromptId)
                    .Select(prompt => new { prompt.Name, prompt.Version })
                    .FirstOrDefault(),
                record.Sampling,
                record.PromptTokens,
                record.CompletionTokens,
                record.Cost,
                record.Seconds,
                record.Completion,
                record.State,
                record.Reasons,
                record.Agreement,
                record.Review,
                record.CreatedAt,
                HasReply = record.RawReply != null,
                Votes = record
                    .Votes.OrderBy(vote => vote.Id)
                    .Select(vote => new VoteDetail(vote.Teacher, vote.Label, vote.Agrees, vote.Failure, vote.Seconds))
                    .ToList(),
            })
            .ToListAsync(stop);
        var ids = rows.Select(row => row.Id).ToList();
        var reviews = (
            await context.Reviews.AsNoTracking().Where(review => ids.Contains(review.RecordId)).ToListAsync(stop)
        ).ToLookup(review => review.RecordId);
        return
        [
            .. rows.Select(row =>
            {
                var parsed = CompletionFormat.Parse(row.Completion, CompletionStyle.Cot);
                return new RecordDetail(
                    row.Id,
                    row.Teacher,
                    row.Model,
                    row.Attempt + 1,
                    row.Job,
                    row.Prompt is null ? null : $"{row.Prompt.Name} v{row.Prompt.Version}",
                    row.Sampling,
                    row.PromptTokens,
                    row.CompletionTokens,
                    row.Cost,
                    row.Seconds,
                    row.Completion,
                    parsed.Think,
                    parsed.Answer?.Trim(),
                    row.State,
                    row.Reasons,
                    row.Agreement,
                    row.Review,
                    row.CreatedAt,
                    row.HasReply,
                    [.. RecordChecks.Of(parsed, row.Reasons, sample.Label, annotation, mentions)],
                    row.Votes,
                    [.. reviews[row.Id].OrderByDescending(review => review.Id).Select(Detail)]
                );
            }),
        ];
    }

    private static ReviewDetail Detail(Review review) =>
        new(
            review.Reviewer,
            review.Verdict,
            review.Reason,
            review.EditedCompletion,
            review.Ratings is null
                ? new Dictionary<string, double>(StringComparer.Ordinal)
                : JsonSerializer.Deserialize<Dictionary<string, double>>(review.Ratings)!,
            review.Comment,
            review.Superseded,
            review.CreatedAt
        );

    private static async Task<IReadOnlyList<VersionMention>> Versions(
        StoreContext context,
        long sampleId,
        CancellationToken stop
    ) =>
        await context
            .FrozenSamples.Where(row => row.SampleId == sampleId)
            .Join(
                context.Versions,
                row => row.VersionId,
                version => version.Id,
                (row, version) =>
                    new
                    {
                        version.Id,
                        version.Hash,
                        row.Split,
                        row.RecordId,
                        version.CreatedAt,
                        version.CreatedBy,
                    }
            )
            .OrderByDescending(version => version.Id)
            .Select(v => new VersionMention(v.Hash, v.Split, v.RecordId, v.CreatedAt, v.CreatedBy))
            .ToListAsync(stop);

    private static async Task<IReadOnlyList<HistoryEntry>> History(
        StoreContext context,
        StoredSample sample,
        IReadOnlyList<RecordDetail> records,
        IReadOnlyList<VersionMention> versions,
        CancellationToken stop
    )
    {
        var entries = new List<HistoryEntry>();
        if (
            sample.ImportId is { } importId
            && await context.Imports.AsNoTracking().SingleOrDefaultAsync(i => i.Id == importId, stop) is { } import
        )
            entries.Add(
                new(import.CreatedAt, HistoryKind.Imported, import.CreatedBy, "imported the picture", import.Format)
            );
        var subject = $"sample:{sample.Id}";
        var changes = await context.Audit.AsNoTracking().Where(entry => entry.Subject == subject).ToListAsync(stop);
        entries.AddRange(
            changes.Select(c => new HistoryEntry(c.At, HistoryKind.Moved, c.Actor, c.Action, c.After?.Trim('"')))
        );
        entries.AddRange(records.Select(Written));
        entries.AddRange(
            records.SelectMany(record =>
                record.Reviews.Select(review => new HistoryEntry(
                    review.CreatedAt,
                    HistoryKind.Reviewed,
                    review.Reviewer,
                    VerdictWord(review.Verdict),
                    review.Reason ?? review.Comment
                )
                {
                    Verdict = review.Verdict,
                })
            )
        );
        entries.AddRange(
            versions.Select(version => new HistoryEntry(
                version.CreatedAt,
                HistoryKind.Frozen,
                version.CreatedBy,
                "froze a version with it",
                version.Hash[..8]
            ))
        );
        return [.. entries.OrderByDescending(entry => entry.At)];
    }

    private static HistoryEntry Written(RecordDetail record) =>
        new(
            record.CreatedAt,
            record.State switch
            {
                CotState.Accepted => HistoryKind.RecordAccepted,
                CotState.Rejected => HistoryKind.RecordRejected,
                _ => HistoryKind.RecordWritten,
            },
            record.Teacher,
            record.State switch
            {
                CotState.Accepted when record.Job is null => "came with the import",
                CotState.Accepted => "wrote a reasoning, accepted",
                CotState.Rejected => "wrote a reasoning, rejected",
                _ => "wrote a reasoning, not decided yet",
            },
            record.Reasons.Count > 0 ? string.Join(", ", record.Reasons)
                : record.Votes.Count > 0 ? $"{record.Votes.Count(vote => vote.Agrees)} of {record.Votes.Count} votes"
                : record.Job
        );

    private static string VerdictWord(Verdict verdict) =>
        verdict switch
        {
            Verdict.Accept => "accepted",
            Verdict.Reject => "rejected",
            Verdict.Edit => "edited, accepted",
            Verdict.Flag => "flagged",
            _ => "skipped",
        };
}
