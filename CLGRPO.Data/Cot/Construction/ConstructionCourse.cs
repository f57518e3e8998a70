using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>How the tries on a class went on.</summary>
/// <param name="Good">Tries that were accepted, or that will be unless they are a near-duplicate.</param>
/// <param name="Failed">The other tries of which that is known.</param>
/// <param name="Curve">Share of good tries up to then, oldest first, evenly spaced; null before the first try.</param>
public sealed record ClassCourse(string Label, int Good, int Failed, IReadOnlyList<double?> Curve);

/// <summary>
/// How a construction went on, with what its unfinished round shows already. A round gets its verdicts when all of it is answered; until
/// then a text that stood the checks and has all its votes counts as passed or as failed.
/// </summary>
/// <param name="Passed">Reasonings of the unfinished round that will be accepted unless they are near-duplicates.</param>
/// <param name="Failed">Reasonings of the unfinished round that will be rejected.</param>
/// <param name="Voting">Reasonings of the unfinished round that wait for votes.</param>
/// <param name="FailedTries">Rejected reasonings of all rounds.</param>
/// <param name="SavedLater">Samples that were accepted after a first try that failed.</param>
/// <param name="ImagesPerMinute">Reasonings of the last five minutes, a minute; null without any.</param>
/// <param name="LastHour">Reasonings in each minute of the last hour, oldest first.</param>
public sealed record ConstructionCourse(
    IReadOnlyList<ClassCourse> Classes,
    int Passed,
    int Failed,
    int Voting,
    int FailedTries,
    int SavedLater,
    double? ImagesPerMinute,
    IReadOnlyList<double> LastHour
)
{
    private const int Points = 26;
    private const int HourMinutes = 60;
    private const int RateMinutes = 5;

    /// <summary>Reads all records of the job once.</summary>
    /// <param name="progress">How far it is.</param>
    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<ConstructionCourse> Of(
        IDbContextFactory<StoreContext> store,
        ConstructionProgress progress,
        TimeProvider time,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var id = progress.JobId;
        var job =
            await context.Jobs.AsNoTracking().Include(job => job.Dataset).SingleOrDefaultAsync(j => j.Id == id, stop)
            ?? throw new ConstructionException($"There is no construction {id}.");
        var count = new Counting(
            ConstructionConfig.Parse(job.Config),
            progress.Round,
            await context.Records.CountAsync(record => record.JobId == id, stop),
            time.GetUtcNow().UtcDateTime
        );
        var tries = context
            .Records.Where(record => record.JobId == id)
            .OrderBy(record => record.Id)
            .Select(record => new Try(
                record.Sample!.Label,
                record.Teacher,
                record.Attempt,
                record.State,
                record.CreatedAt,
                record.State == CotState.Candidate ? record.Votes.Count : 0,
                record.State == CotState.Candidate ? record.Votes.Count(vote => vote.Failure == null) : 0,
                record.State == CotState.Candidate ? record.Votes.Count(vote => vote.Agrees) : 0
            ));
        await foreach (var one in tries.AsAsyncEnumerable().WithCancellation(stop))
            count.Add(one);
        var saved = await context.Items.CountAsync(
            item => item.JobId == id && item.State == ItemState.Accepted && item.Attempts > 1,
            stop
        );
        return count.Result(job.Dataset!.Labels, saved);
    }

    private sealed record Try(
        string Label,
        string Teacher,
        int Attempt,
        CotState State,
        DateTime At,
        int Votes,
        int Answered,
        int Agreeing
    );

    /// <summary>Goes through the tries in the order in which they were written.</summary>
    private sealed class Counting(ConstructionConfig config, int? round, int total, DateTime now)
    {
        private readonly Dictionary<string, (int[] Good, int[] Failed)> _classes = new(StringComparer.Ordinal);
        private readonly double[] _hour = new double[HourMinutes];
        private int _seen;
        private int _passed;
        private int _failed;
        private int _voting;
        private int _failedTries;
        private DateTime? _firstRecent;

        public void Add(Try one)
        {
            var point = Math.Min(Points - 1, (int)((long)_seen++ * Points / Math.Max(1, total)));
            var age = (now - one.At).TotalMinutes;
            if (age is >= 0 and < HourMinutes)
                _hour[HourMinutes - 1 - (int)age]++;
            if (age is >= 0 and < RateMinutes)
                _firstRecent ??= one.At;
            _failedTries += one.State == CotState.Rejected ? 1 : 0;
            var good = IsGood(one);
            if (one.Attempt == round)
            {
                _passed += good == true && one.State == CotState.Candidate ? 1 : 0;
                _failed += good == false ? 1 : 0;
                _voting += good is null ? 1 : 0;
            }
            if (good is not { } known)
                return;
            if (!_classes.TryGetValue(one.Label, out var counts))
                _classes[one.Label] = counts = (new int[Points], new int[Points]);
            (known ? counts.Good : counts.Failed)[point]++;
        }

        public ConstructionCourse Result(IReadOnlyList<string> labels, int saved)
        {
            var recent = _hour[(HourMinutes - RateMinutes)..].Sum();
            return new ConstructionCourse(
                [.. labels.Where(_classes.ContainsKey).Select(Course)],
                _passed,
                _failed,
                _voting,
                _failedTries,
                saved,
                _firstRecent is { } first ? recent / Math.Max((now - first).TotalMinutes, 1.0 / 60) : null,
                _hour
            );
        }

        /// <summary>Null while votes are missing.</summary>
        private bool? IsGood(Try one) =>
            one.State != CotState.Candidate ? one.State == CotState.Accepted
            : one.Votes < config.JudgesOf(one.Teacher) ? null
            : one.Answered >= config.Quorum
                && (one.Answered == 0 || (double)one.Agreeing / one.Answered >= config.MinAgreement);

        private ClassCourse Course(string label)
        {
            var (good, failed) = _classes[label];
            var curve = new double?[Points];
            var (goods, all) = (0, 0);
            for (var i = 0; i < Points; i++)
            {
                goods += good[i];
                all += good[i] + failed[i];
                curve[i] = all > 0 ? (double)goods / all : null;
            }
            return new ClassCourse(label, goods, all - goods, curve);
        }
    }
}
