namespace CLGRPO.Web.Runs;

/// <summary>A metric over the steps of a stage, thinned out for a chart.</summary>
/// <param name="Steps">Steps of the stage, rising.</param>
/// <param name="Values">One for each step.</param>
public sealed record MetricSeries(string Stage, string Metric, IReadOnlyList<int> Steps, IReadOnlyList<double> Values)
{
    /// <summary>1, 2 … for steps that count no more, because the run went on from an earlier checkpoint; null for those that count.</summary>
    public int? Branch { get; init; }
}
