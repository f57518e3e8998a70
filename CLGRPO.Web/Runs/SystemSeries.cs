using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>A figure of the machine while a run trained, thinned out for a chart.</summary>
/// <param name="Metric">MLflow's name: <c>system/cpu_utilization_percentage</c> ….</param>
/// <param name="Times">Rising, UTC.</param>
/// <param name="Values">One for each time.</param>
public sealed record SystemSeries(string Metric, IReadOnlyList<DateTimeOffset> Times, IReadOnlyList<double> Values)
{
    /// <param name="metrics">Which; null: all.</param>
    /// <param name="points">Points of a series at the most; at least 2.</param>
    public static IReadOnlyList<SystemSeries> Of(
        IReadOnlyList<SystemSample> samples,
        IReadOnlySet<string>? metrics,
        int points
    )
    {
        var columns = new SortedDictionary<string, MetricColumn>(StringComparer.Ordinal);
        for (var at = 0; at < samples.Count; at++)
        {
            foreach (var (metric, value) in samples[at].Metrics)
            {
                if (metrics is not null && !metrics.Contains(metric))
                    continue;
                if (!columns.TryGetValue(metric, out var column))
                    columns[metric] = column = new MetricColumn();
                column.Add(at, value);
            }
        }
        return [.. columns.Select(one => Of(one.Key, one.Value.Thin(points)))];

        SystemSeries Of(string metric, (IReadOnlyList<int> Samples, IReadOnlyList<double> Values) kept) =>
            new(metric, [.. kept.Samples.Select(at => samples[at].Time)], kept.Values);
    }
}
