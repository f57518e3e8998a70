using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// The figures of a job, kept between looks: a look reads what came since the last one, and what had no verdict then, for a verdict is
/// final. Some 100 bytes for each try.
/// </summary>
public sealed class ConstructionTally(IDbContextFactory<StoreContext> store, long jobId, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Task _looking = Task.CompletedTask;
    private CallTally _calls = new(jobId);
    private TryTally? _tries;
    private VoteTally? _votes;

    /// <summary>Looks again; a look waits for those before it.</summary>
    /// <exception cref="ConstructionException">There is no such job.</exception>
    public Task<(ConstructionReport Report, ConstructionCourse Course)> Count(CancellationToken stop)
    {
        lock (_lock)
        {
            var looking = After(_looking, stop);
            _looking = looking;
            return looking;
        }
    }

    private async Task<(ConstructionReport Report, ConstructionCourse Course)> After(
        Task before,
        CancellationToken stop
    )
    {
        await Task.WhenAny(before); // its failure is for whoever asked for it
        try
        {
            return await Look(stop);
        }
        catch
        {
            // Half of it may be counted: the next look begins anew.
            Forget();
            throw;
        }
    }

    private void Forget() => (_calls, _tries, _votes) = (new CallTally(jobId), null, null);

    /// <returns>
    /// Whether that is all. New rows are found by their numbers, which one process at a time gives; what a killed one left on its way may
    /// still arrive behind those of the next.
    /// </returns>
    private async Task<bool> Read(
        StoreContext context,
        IReadOnlyList<string> labels,
        DateTime now,
        CancellationToken stop
    )
    {
        _tries ??= new TryTally(jobId, labels);
        _votes ??= new VoteTally(jobId, labels);
        await _votes.Read(context, await _tries.Read(context, stop), stop);
        await _calls.Read(context, now, stop);
        return _tries.All.Count == await context.Records.CountAsync(record => record.JobId == jobId, stop)
            && _calls.Count == await context.Calls.CountAsync(call => call.JobId == jobId, stop);
    }

    private async Task<(ConstructionReport Report, ConstructionCourse Course)> Look(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        // What is read belongs together: a try that is decided has all its votes.
        await using var snapshot = await context.BeginSnapshot(stop);
        var job =
            await context.Jobs.AsNoTracking().Include(job => job.Dataset).SingleOrDefaultAsync(j => j.Id == jobId, stop)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        var now = time.GetUtcNow().UtcDateTime;
        var (labels, config) = (job.Dataset!.Labels, ConstructionConfig.Parse(job.Config));
        if (!await Read(context, labels, now, stop))
        {
            Forget();
            await Read(context, labels, now, stop);
        }
        var (tries, votes) = (_tries!, _votes!);
        var progress = await ConstructionProgress.Of(
            context,
            job,
            _calls.Cost,
            _calls.PerMinute(now),
            Unanswered,
            stop
        );
        var report = new ConstructionReport(
            progress,
            Teachers(tries, votes),
            await Classify(context, labels, stop),
            [
                .. tries
                    .Reasons.OrderByDescending(reason => reason.Value)
                    .ThenBy(reason => reason.Key, StringComparer.Ordinal),
            ],
            [
                .. from first in config.Verifiers.Index()
                from second in config.Verifiers.Index()
                where first.Index < second.Index
                select votes.Pair(first.Item, second.Item),
            ]
        );
        var saved = await context.Items.CountAsync(
            item => item.JobId == jobId && item.State == ItemState.Accepted && item.Attempts > 1,
            stop
        );
        bool IsAnswered(CountedTry one) => votes.On(one.Id) >= config.JudgesOf(tries.Teachers[one.Teacher]);
        return (report, ConstructionCourse.Of(labels, tries.All, IsAnswered, saved, now));

        Task<double> Unanswered(int round, int open)
        {
            var written = tries.Open.Where(one => one.Attempt == round).ToList();
            var judges = config.Generators.Average(config.JudgesOf);
            return Task.FromResult(open - written.Count + (open * judges) - written.Sum(one => votes.On(one.Id)));
        }
    }

    private List<TeacherReport> Teachers(TryTally tries, VoteTally votes)
    {
        var written = new (int All, int Accepted, int Rejected)[tries.Teachers.Count];
        foreach (var one in tries.All)
        {
            ref var counts = ref written[one.Teacher];
            counts.All++;
            counts.Accepted += one.State == CotState.Accepted ? 1 : 0;
            counts.Rejected += one.State == CotState.Rejected ? 1 : 0;
        }
        return
        [
            .. _calls
                .Teachers.Union(tries.Teachers, StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(teacher =>
                {
                    var account = _calls.Of(teacher);
                    var texts = tries.Teachers.IndexOf(teacher) is >= 0 and var index ? written[index] : default;
                    var (given, agreeing) = votes.Of(teacher);
                    return new TeacherReport(
                        teacher,
                        texts.All,
                        texts.Accepted,
                        given,
                        agreeing,
                        new Dictionary<string, int>(
                            account?.Outcomes ?? new Dictionary<string, int>(StringComparer.Ordinal),
                            StringComparer.Ordinal
                        ),
                        account?.Cost ?? 0,
                        account?.MeanSeconds
                    )
                    {
                        Rejected = texts.Rejected,
                        Tokens = account?.Tokens ?? 0,
                        MedianSeconds = account?.MedianSeconds,
                        LabelKappa = votes.LabelKappa(teacher),
                    };
                }),
        ];
    }

    private async Task<List<ClassReport>> Classify(
        StoreContext context,
        IReadOnlyList<string> labels,
        CancellationToken stop
    )
    {
        var counts = await context
            .Items.Where(item => item.JobId == jobId)
            .GroupBy(item => new { item.Sample!.Label, item.State })
            .Select(items => new
            {
                items.Key.Label,
                items.Key.State,
                Count = items.Count(),
            })
            .ToListAsync(stop);
        int Count(string label, ItemState? state) =>
            counts.Where(c => c.Label == label && (state is null || c.State == state)).Sum(c => c.Count);
        return
        [
            .. labels
                .Select(label => new ClassReport(
                    label,
                    Count(label, state: null),
                    Count(label, ItemState.Accepted),
                    Count(label, ItemState.Rejected)
                ))
                .Where(label => label.Samples > 0),
        ];
    }
}
