namespace CLGRPO.Training.Grpo;

/// <summary>Mean and sample standard deviation (n − 1) of the values that are numbers, accumulated in double.</summary>
/// <param name="Mean">NaN when there is no value.</param>
/// <param name="Std">0 for a single value, NaN when there is none.</param>
internal readonly record struct Spread(double Mean, double Std)
{
    public static Spread Of(ReadOnlySpan<float> values)
    {
        var (sum, count) = (0.0, 0);
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
        {
            if (!float.IsNaN(value))
            {
                sum += value;
                count++;
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
            }
        }
        if (count == 0)
        {
            return new Spread(double.NaN, double.NaN);
        }
        // Equal values: their mean is the value itself, though sum / count may miss it by a rounding.
        return low == high ? new Spread(low, 0) : new Spread(sum / count, Deviation(values, sum / count, count));
    }

    private static double Deviation(ReadOnlySpan<float> values, double mean, int count)
    {
        var squares = 0.0;
        foreach (var value in values)
        {
            if (!float.IsNaN(value))
            {
                squares += (value - mean) * (value - mean);
            }
        }
        return Math.Sqrt(squares / (count - 1));
    }
}
