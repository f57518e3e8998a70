namespace CLGRPO.Training.Evaluation;

/// <summary>The error function of Gauss, which .NET lacks.</summary>
internal static class ErrorFunction
{
    // Below it the series needs few terms, above it the continued fraction does.
    private const double SeriesLimit = 2.5;
    private const int FractionDepth = 80;

    /// <summary>erfc(x) = 1 − erf(x), for x ≥ 0, to about 1e-14 of its value (1e-12 just below <see cref="SeriesLimit"/>).</summary>
    /// <remarks>Source: Abramowitz and Stegun 7.1.6 (series) and 7.1.14 (continued fraction).</remarks>
    public static double Complement(double x)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        return x < SeriesLimit ? 1 - Series(x) : Fraction(x);
    }

    // erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, all terms positive
    private static double Series(double x)
    {
        var term = x;
        var sum = x;
        for (var n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // √π e^(x²) erfc(x) = 1 / (x + ½ / (x + 1 / (x + 3/2 / (x + 2 / …
    private static double Fraction(double x)
    {
        var tail = x;
        for (var n = FractionDepth; n > 0; n--)
        {
            tail = x + (n / 2.0 / tail);
        }
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * tail);
    }
}
