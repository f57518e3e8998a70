using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What became of a try.</summary>
public enum DecisionOutcome
{
    /// <summary>Votes are missing.</summary>
    Voting,

    /// <summary>All votes are in; the verdict waits for samples before it, with which its text may have to be compared.</summary>
    Answered,
    Accepted,

    /// <summary>Not good enough; the sample gets another try.</summary>
    Retry,

    /// <summary>Not good enough, and it was the last try.</summary>
    Rejected,
}

/// <summary>Which tries are asked for.</summary>
public enum DecisionFilter
{
    All,
    Accepted,
    Rejected,
}

/// <summary>What a verifier made of a try.</summary>
/// <param name="Label">Where it arrived; null where its answer was no label.</param>
/// <param name="Failure">Why there is no answer; null where there is one.</param>
public sealed record DecisionVote(string Teacher, bool Agrees, string? Label, string? Failure);

/// <summary>A reasoning that was written, and what became of it. Texts are a teacher's: hostile.</summary>
/// <param name="Try">From 1.</param>
/// <param name="Text">The reasoning, or the reply as far as it could be read.</param>
/// <param name="Leak">The words of the text that give the label away; null where that was not the fault.</param>
/// <param name="Missing">Votes that are still to come.</param>
public sealed record CotDecision(
    long RecordId,
    long DatasetId,
    long SampleId,
    string Key,
    string Image,
    string Label,
    string Teacher,
    int Try,
    string Text,
    string? Leak,
    DecisionOutcome Outcome,
    IReadOnlyList<string> Reasons,
    IReadOnlyList<DecisionVote> Votes,
    int Missing,
    DateTime At
);

/// <summary>The last tries of a construction.</summary>
public static class CotDecisions
{
    /// <summary>Newest first.</summary>
    /// <param name="before">Only tries that were written before this record; null for the newest.</param>
    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<IReadOnlyList<CotDecision>> List(
        IDbContextFactory<StoreContext> store,
        long jobId,
        DecisionFilter filter,
        long? before,
        int limit,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var settings =
            await context.Jobs.Where(job => job.Id == jobId).Select(job => job.Config).SingleOrDefaultAsync(stop)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        var records = context.Records.AsNoTracking().Where(record => record.JobId == jobId);
        if (filter != DecisionFilter.All)
        {
            var state = filter == DecisionFilter.Accepted ? CotState.Accepted : CotState.Rejected;
            records = records.Where(record => record.State == state);
        }
        var page = await records
            .Where(record => before == null || record.Id < before)
            .OrderByDescending(record => record.Id)
            .Take(limit)
            .Include(record => record.Sample)
            .Include(record => record.Votes)
            .AsSplitQuery()
            .ToListAsync(stop);
        var samples = page.Select(record => record.SampleId).ToList();
        var given = await context
            .Items.Where(item => item.JobId == jobId && samples.Contains(item.SampleId))
            .ToDictionaryAsync(item => item.SampleId, item => (item.State, item.Attempts), stop);
        var config = ConstructionConfig.Parse(settings);
        return [.. page.Select(record => Of(record, config, given.GetValueOrDefault(record.SampleId)))];
    }

    private static CotDecision Of(CotRecord record, ConstructionConfig config, (ItemState State, int Attempts) item)
    {
        var think = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot).Think?.Trim();
        var missing = record.State == CotState.Candidate ? config.JudgesOf(record.Teacher) - record.Votes.Count : 0;
        return new CotDecision(
            record.Id,
            record.Sample!.DatasetId,
            record.SampleId,
            record.Sample.Key,
            record.Sample.Image,
            record.Sample.Label,
            record.Teacher,
            record.Attempt + 1,
            string.IsNullOrEmpty(think) ? record.Completion : think,
            record.Reasons.Contains(CotReasons.LeaksLabel, StringComparer.Ordinal) ? LabelLeak.Find(think ?? "") : null,
            record.State switch
            {
                CotState.Accepted => DecisionOutcome.Accepted,
                CotState.Candidate => missing > 0 ? DecisionOutcome.Voting : DecisionOutcome.Answered,
                _ => item.State == ItemState.Rejected && record.Attempt + 1 >= item.Attempts
                    ? DecisionOutcome.Rejected
                    : DecisionOutcome.Retry,
            },
            record.Reasons,
            [
                .. record
                    .Votes.OrderBy(vote => vote.Teacher, StringComparer.Ordinal)
                    .Select(vote => new DecisionVote(vote.Teacher, vote.Agrees, vote.Label, vote.Failure)),
            ],
            missing,
            record.CreatedAt
        );
    }
}
