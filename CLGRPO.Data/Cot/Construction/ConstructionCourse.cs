using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>How the tries on a class went on.</summary>
/// <param name="Accepted">Tries.</param>
/// <param name="Failed">Tries.</param>
/// <param name="Curve">Share of accepted tries up to then, oldest first, evenly spaced; null before the first decided one.</param>
public sealed record ClassCourse(string Label, int Accepted, int Failed, IReadOnlyList<double?> Curve);

/// <summary>How a construction went on.</summary>
/// <param name="AcceptedTries">Accepted reasonings.</param>
/// <param name="FailedTries">Rejected reasonings of all rounds.</param>
/// <param name="Waiting">Reasonings that passed and wait for the samples before them: only a near-duplicate among these turns them down.</param>
/// <param name="Voting">Reasonings that wait for votes.</param>
/// <param name="SavedLater">Samples that were accepted after a first try that failed.</param>
/// <param name="ImagesPerMinute">Reasonings of the last five minutes, a minute; null without any.</param>
/// <param name="LastHour">Reasonings in each minute of the last hour, oldest first.</param>
public sealed record ConstructionCourse(
    IReadOnlyList<ClassCourse> Classes,
    int AcceptedTries,
    int FailedTries,
    int Waiting,
    int Voting,
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
            await context.Records.CountAsync(record => record.JobId == id, stop),
            time.GetUtcNow().UtcDateTime
        );
        var tries = context
            .Records.Where(record => record.JobId == id)
            .OrderBy(record => record.Id)
            .Select(record => new Try(
                record.Sample!.Label,
                record.Teacher,
                record.State,
                record.CreatedAt,
                record.State == CotState.Candidate ? record.Votes.Count : 0
            ));
        await foreach (var one in tries.AsAsyncEnumerable().WithCancellation(stop))
            count.Add(one);
        var saved = await context.Items.CountAsync(
            item => item.JobId == id && item.State == ItemState.Accepted && item.Attempts > 1,
            stop
        );
        return count.Result(job.Dataset!.Labels, saved);
    }

    private sealed record Try(string Label, string Teacher, CotState State, DateTime At, int Votes);

    /// <summary>Goes through the tries in the order in which they were written.</summary>
    private sealed class Counting(ConstructionConfig config, int total, DateTime now)
    {
        private readonly Dictionary<string, (int[] Accepted, int[] Failed)> _classes = new(StringComparer.Ordinal);
        private readonly double[] _hour = new double[HourMinutes];
        private int _seen;
        private int _accepted;
        private int _failed;
        private int _waiting;
        private int _voting;
        private DateTime? _firstRecent;

        public void Add(Try one)
        {
            var point = Math.Min(Points - 1, (int)((long)_seen++ * Points / Math.Max(1, total)));
            var age = (now - one.At).TotalMinutes;
            if (age is >= 0 and < HourMinutes)
                _hour[HourMinutes - 1 - (int)age]++;
            if (age is >= 0 and < RateMinutes)
                _firstRecent ??= one.At;
            if (one.State == CotState.Candidate)
            {
                var isAnswered = one.Votes == config.JudgesOf(one.Teacher);
                (_waiting, _voting) = isAnswered ? (_waiting + 1, _voting) : (_waiting, _voting + 1);
                return;
            }
            var isAccepted = one.State == CotState.Accepted;
            (_accepted, _failed) = isAccepted ? (_accepted + 1, _failed) : (_accepted, _failed + 1);
            if (!_classes.TryGetValue(one.Label, out var counts))
                _classes[one.Label] = counts = (new int[Points], new int[Points]);
            (isAccepted ? counts.Accepted : counts.Failed)[point]++;
        }

        public ConstructionCourse Result(IReadOnlyList<string> labels, int saved)
        {
            var recent = _hour[(HourMinutes - RateMinutes)..].Sum();
            return new ConstructionCourse(
                [.. labels.Where(_classes.ContainsKey).Select(Course)],
                _accepted,
                _failed,
                _waiting,
                _voting,
                saved,
                _firstRecent is { } first ? recent / Math.Max((now - first).TotalMinutes, 1.0 / 60) : null,
                _hour
            );
        }

        private ClassCourse Course(string label)
        {
            var (accepted, failed) = _classes[label];
            var curve = new double?[Points];
            var (good, all) = (0, 0);
            for (var i = 0; i < Points; i++)
            {
                good += accepted[i];
                all += accepted[i] + failed[i];
                curve[i] = all > 0 ? (double)good / all : null;
            }
            return new ClassCourse(label, good, all - good, curve);
        }
    }
}
