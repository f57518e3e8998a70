namespace CLGRPO.Training.Evaluation;

/// <summary>Wilson's score interval of a proportion.</summary>
public static class WilsonInterval
{
    // The 97.5 % quantile of the normal distribution.
    private const double Z95 = 1.959963984540054;

    /// <summary>The 95 % interval of a proportion, a fraction from 0 to 1.</summary>
    /// <param name="successes">0 to <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">No trials, or more successes than trials.</exception>
    /// <remarks>Source: Wilson 1927, without continuity correction, as in statsmodels' proportion_confint.</remarks>
    public static Interval At95(int successes, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        var share = (double)successes / trials;
        const double z2 = Z95 * Z95;
        var scale = 1 + (z2 / trials);
        var centre = (share + (z2 / (2 * trials))) / scale;
        var half = Z95 * Math.Sqrt(((share * (1 - share)) + (z2 / (4 * trials))) / trials) / scale;
        return new Interval(Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
