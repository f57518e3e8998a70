namespace CLGRPO.Web.Evaluations;

/// <summary>An axis that fits values, with round places to name.</summary>
/// <param name="Low">Its left end.</param>
/// <param name="High">Its right end.</param>
public sealed record PlotAxis(double Low, double High)
{
    private const double Margin = 0.04;
    private const int MostTicks = 4;
    private static readonly double[] RoundSteps = [1, 2, 5, 10];

    /// <summary>Round places, at most four.</summary>
    public IReadOnlyList<double> Ticks
    {
        get
        {
            var rough = (High - Low) / MostTicks;
            var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
            var step = RoundSteps.First(round => round * power >= rough) * power;
            var first = (long)Math.Ceiling(Low / step);
            return
            [
                .. Enumerable.Range(0, MostTicks + 1).Select(i => (first + i) * step).TakeWhile(tick => tick <= High),
            ];
        }
    }

    /// <summary>The axis on which all of these have room.</summary>
    public static PlotAxis Of(IEnumerable<double> values)
    {
        var all = values.Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var (low, high) = (all.Min(), all.Max());
        var room = Math.Max((high - low) * Margin, 0.002);
        return new PlotAxis(low - room, high + room);
    }

    /// <summary>Where a value lies on a drawing, in its units from the left.</summary>
    public double At(double value, double width) => (value - Low) / (High - Low) * width;
}
