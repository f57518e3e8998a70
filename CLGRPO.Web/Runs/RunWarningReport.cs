using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>What was the matter with a stage, how often, and whether it still is.</summary>
/// <param name="FirstStep">Steps done when it was first raised; null where it belongs to none.</param>
/// <param name="LastStep">… when it was last raised.</param>
/// <param name="Count">How often it was raised.</param>
/// <param name="Message">The newest, in a sentence with its figures.</param>
/// <param name="Evidence">Its figures: metric → value; of one that still holds those of the newest step.</param>
/// <param name="IsActive">Whether it holds now.</param>
/// <param name="IsMuted">Whether people want to hear no more of its kind in this run.</param>
/// <param name="Meaning">What such a warning means.</param>
/// <param name="Remedy">What helps.</param>
public sealed record RunWarningReport(
    RunWarningKind Kind,
    string? Stage,
    int? FirstStep,
    int? LastStep,
    DateTimeOffset Time,
    int Count,
    string Message,
    IReadOnlyDictionary<string, double> Evidence,
    bool IsActive,
    bool IsMuted,
    string Title,
    string Meaning,
    string Remedy
)
{
    private static readonly IReadOnlyDictionary<string, double> NoEvidence = new Dictionary<string, double>(
        StringComparer.Ordinal
    );

    /// <summary>The warnings of a run: those that hold first, then the newest first.</summary>
    /// <param name="events">All of the run.</param>
    public static IReadOnlyList<RunWarningReport> Of(
        RunSummary run,
        IEnumerable<RunEvent> events,
        IReadOnlyCollection<RunWarningKind> muted
    ) =>
        [
            .. events
                .Where(item => item is { Type: RunEventType.Warning or RunEventType.Error, Kind: not null })
                .GroupBy(item => (item.Stage, item.Kind!.Value))
                .Select(raised => Of(run, raised.Key.Value, [.. raised], muted))
                .Concat(Stuck(run, muted))
                .OrderByDescending(report => report.IsActive)
                .ThenByDescending(report => report.Time),
        ];

    private static RunWarningReport Of(
        RunSummary run,
        RunWarningKind kind,
        List<RunEvent> raised,
        IReadOnlyCollection<RunWarningKind> muted
    )
    {
        var last = raised[^1];
        var active = Trains(run) && Holds(run, last);
        return New(
            kind,
            last.Stage,
            raised[0].Step,
            last.Step,
            last.Time,
            raised.Count,
            last.Message ?? "",
            active ? Newest(run, last) : last.Metrics ?? NoEvidence,
            active,
            muted
        );
    }

    // A run that stands still raises nothing: it is seen from here.
    private static IEnumerable<RunWarningReport> Stuck(RunSummary run, IReadOnlyCollection<RunWarningKind> muted) =>
        run is { IsStuck: true, Reason: { } reason }
            ?
            [
                New(
                    RunWarningKind.Stuck,
                    run.Stage,
                    run.Step,
                    run.Step,
                    run.ChangedAt ?? default,
                    1,
                    reason,
                    NoEvidence,
                    active: true,
                    muted
                ),
            ]
            : [];

    private static RunWarningReport New(
        RunWarningKind kind,
        string? stage,
        int? first,
        int? step,
        DateTimeOffset time,
        int count,
        string message,
        IReadOnlyDictionary<string, double> evidence,
        bool active,
        IReadOnlyCollection<RunWarningKind> muted
    )
    {
        var guide = WarningGuide.Of(kind);
        return new RunWarningReport(
            kind,
            stage,
            first,
            step,
            time,
            count,
            message,
            evidence,
            active,
            muted.Contains(kind),
            guide.Title,
            guide.Meaning,
            guide.Remedy
        );
    }

    private static bool Trains(RunSummary run) =>
        run.State is RunState.Running or RunState.Pausing or RunState.Paused or RunState.Stopping;

    // A waiting checkpoint is the last that is heard of a run; what a step's metrics showed holds while they show it.
    private static bool Holds(RunSummary run, RunEvent raised) =>
        raised.Kind == RunWarningKind.DiskFloor
            ? raised.Number == run.Events
            : raised.Stage == run.Stage
                && raised.Step <= run.Step
                && RunWarningRule.All.Any(rule => rule.Kind == raised.Kind && rule.Holds(run.Metrics));

    private static IReadOnlyDictionary<string, double> Newest(RunSummary run, RunEvent raised) =>
        raised.Metrics?.Keys.All(run.Metrics.ContainsKey) == true
            ? raised.Metrics.Keys.ToDictionary(name => name, name => run.Metrics[name], StringComparer.Ordinal)
            : raised.Metrics ?? NoEvidence;
}
