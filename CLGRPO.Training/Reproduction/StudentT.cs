namespace CLGRPO.Training.Reproduction;

/// <summary>Student's t distribution, for intervals over a handful of seeds.</summary>
internal static class StudentT
{
    /// <summary>The t that 95 % of the distribution lie within, both sides together; 12.706 with one degree of freedom.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than one degree of freedom.</exception>
    public static double TwoSided95(int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        var (low, high) = (0.0, Math.PI / 2);
        // Each round halves the bracket: 60 leave nothing a double can tell apart.
        for (var round = 0; round < 60; round++)
        {
            var middle = (low + high) / 2;
            if (Within(middle, degreesOfFreedom) < 0.95)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
        return Math.Sqrt(degreesOfFreedom) * Math.Tan(low);
    }

    /// <summary>P(|T| ≤ √ν tan θ). Source: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4, exact for whole ν.</summary>
    private static double Within(double theta, int freedom)
    {
        var (sine, cosine) = Math.SinCos(theta);
        var odd = freedom % 2 == 1;
        // Odd: cos θ + 2/3 cos³ θ + …; even: 1 + 1/2 cos² θ + …; the last power is ν − 2.
        var (term, sum) = (odd ? cosine : 1, 0.0);
        for (var power = odd ? 1 : 0; power <= freedom - 2; power += 2)
        {
            sum += term;
            term *= cosine * cosine * (power + 1) / (power + 2);
        }
        return odd ? 2 / Math.PI * (theta + (sine * sum)) : sine * sum;
    }
}
