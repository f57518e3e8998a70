using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>Steps of a stage over which something was the matter.</summary>
public sealed record RunWarningSpan(int FirstStep, int LastStep);

/// <summary>What was the matter with a stage, when, and whether it still is.</summary>
/// <param name="Time">When it was last raised.</param>
/// <param name="Spans">Over which steps, oldest first; none where it belongs to no step.</param>
/// <param name="Message">The newest, in a sentence with its figures.</param>
/// <param name="Evidence">Its figures: metric → value; of one that still holds those of the newest step.</param>
/// <param name="IsActive">Whether it holds now; what swings around its limit does so until it has been clear for 20 steps.</param>
/// <param name="IsMuted">Whether people want to hear no more of its kind in this run.</param>
/// <param name="Meaning">What such a warning means.</param>
/// <param name="Remedy">What helps.</param>
public sealed record RunWarningReport(
    RunWarningKind Kind,
    string? Stage,
    DateTimeOffset Time,
    IReadOnlyList<RunWarningSpan> Spans,
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
    /// <param name="raised">The run's warnings and errors, oldest first.</param>
    /// <param name="spells">When its metrics were a reason to warn.</param>
    public static IReadOnlyList<RunWarningReport> Of(
        RunSummary run,
        IEnumerable<RunEvent> raised,
        IReadOnlyList<(string Stage, RunWarningSpell Spell)> spells,
        IReadOnlyCollection<RunWarningKind> muted
    ) =>
        [
            .. raised
                .Where(item => item.Kind is not null)
                .GroupBy(item => (item.Stage, Kind: item.Kind!.Value))
                .Select(group =>
                    Of(
                        run,
                        group.Key.Kind,
                        [.. group],
                        [
                            .. spells
                                .Where(one => one.Stage == group.Key.Stage && one.Spell.Rule.Kind == group.Key.Kind)
                                .Select(one => one.Spell),
                        ],
                        muted
                    )
                )
                .Concat(Stuck(run, muted))
                .OrderByDescending(report => report.IsActive)
                .ThenByDescending(report => report.Time),
        ];

    private static RunWarningReport Of(
        RunSummary run,
        RunWarningKind kind,
        List<RunEvent> raised,
        List<RunWarningSpell> spells,
        IReadOnlyCollection<RunWarningKind> muted
    )
    {
        var last = raised[^1];
        var active = Trains(run) && Holds(run, last, spells);
        return New(
            kind,
            last.Stage,
            last.Time,
            spells.Count > 0 ? Joined(spells) : [.. raised.Select(item => item.Step).OfType<int>().Select(Span)],
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
                    run.ChangedAt ?? default,
                    [Span(run.Step)],
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
        DateTimeOffset time,
        IReadOnlyList<RunWarningSpan> spans,
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
            time,
            spans,
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

    // A waiting checkpoint is the last that is heard of a run; what metrics showed holds until they are clear.
    private static bool Holds(RunSummary run, RunEvent raised, List<RunWarningSpell> spells) =>
        raised.Kind == RunWarningKind.DiskFloor
            ? raised.Number == run.Events
            : raised.Stage == run.Stage && spells.Exists(spell => !spell.IsOver);

    // Two rules of one kind may hold at once.
    private static List<RunWarningSpan> Joined(List<RunWarningSpell> spells)
    {
        var joined = new List<RunWarningSpan>();
        foreach (var spell in spells.OrderBy(spell => spell.FirstStep))
        {
            if (joined.Count > 0 && spell.FirstStep <= joined[^1].LastStep + 1)
                joined[^1] = joined[^1] with { LastStep = Math.Max(joined[^1].LastStep, spell.LastStep) };
            else
                joined.Add(new RunWarningSpan(spell.FirstStep, spell.LastStep));
        }
        return joined;
    }

    private static RunWarningSpan Span(int step) => new(step, step);

    private static IReadOnlyDictionary<string, double> Newest(RunSummary run, RunEvent raised) =>
        raised.Metrics?.Keys.All(run.Metrics.ContainsKey) == true
            ? raised.Metrics.Keys.ToDictionary(name => name, name => run.Metrics[name], StringComparer.Ordinal)
            : raised.Metrics ?? NoEvidence;
}
