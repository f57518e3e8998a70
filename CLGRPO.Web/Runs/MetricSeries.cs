using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>A metric over the steps of a stage, thinned out for a chart.</summary>
/// <param name="Steps">Steps of the stage, rising.</param>
/// <param name="Values">One for each step.</param>
public sealed record MetricSeries(string Stage, string Metric, IReadOnlyList<int> Steps, IReadOnlyList<double> Values)
{
    /// <summary>Series of the steps that led to the present weights.</summary>
    /// <param name="events">All events.</param>
    /// <param name="metrics">Which; null: all.</param>
    /// <param name="points">Points of a series at the most; at least 2.</param>
    public static IReadOnlyList<MetricSeries> Of(
        IReadOnlyList<RunEvent> events,
        IReadOnlySet<string>? metrics,
        int points
    ) =>
        [
            .. from step in RunEvents.EffectiveSteps(events)
            from metric in step.Metrics!
            where metrics is null || metrics.Contains(metric.Key)
            group (step.Step!.Value, metric.Value) by (step.Stage ?? "", metric.Key) into series
            let kept = Thin([.. series], points)
            select new MetricSeries(
                series.Key.Item1,
                series.Key.Key,
                [.. kept.Select(point => point.Step)],
                [.. kept.Select(point => point.Value)]
            ),
        ];

    /// <summary>
    /// Keeps first and last, and of every stretch between them its lowest and highest point: a spike is seen however long
    /// the run is.
    /// </summary>
    internal static IReadOnlyList<(int Step, double Value)> Thin(List<(int Step, double Value)> all, int points)
    {
        if (all.Count <= points)
            return all;
        var stretches = Math.Max(1, (points - 2) / 2);
        var kept = new SortedSet<int> { 0, all.Count - 1 };
        for (var i = 0; i < stretches && points >= 4; i++)
        {
            var (from, to) = ((int)((long)all.Count * i / stretches), (int)((long)all.Count * (i + 1) / stretches));
            var stretch = Enumerable.Range(from, to - from).ToList();
            kept.Add(stretch.MinBy(at => all[at].Value));
            kept.Add(stretch.MaxBy(at => all[at].Value));
        }
        return [.. kept.Select(at => all[at])];
    }
}
