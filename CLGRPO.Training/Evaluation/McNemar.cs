namespace CLGRPO.Training.Evaluation;

/// <summary>McNemar's test: do two models that answered the same items differ in accuracy?</summary>
/// <param name="OnlyFirst">Items that only the first model got right.</param>
/// <param name="OnlySecond">Items that only the second model got right.</param>
/// <remarks>Source: McNemar 1947; the numbers agree with statsmodels. Items both got right, or both wrong, say nothing.</remarks>
public sealed record McNemar(int OnlyFirst, int OnlySecond)
{
    private int Discordant => OnlyFirst + OnlySecond;

    /// <summary>The two-sided exact binomial p-value; 1 when nothing differs.</summary>
    public double ExactP
    {
        get
        {
            if (OnlyFirst == OnlySecond)
            {
                return 1;
            }
            // In logarithms: 2^−n is below the smallest double for n over 1,074.
            var logTerm = -Discordant * Math.Log(2);
            double tail = 0;
            for (var k = 0; k <= Math.Min(OnlyFirst, OnlySecond); k++)
            {
                tail += Math.Exp(logTerm);
                logTerm += Math.Log((double)(Discordant - k) / (k + 1));
            }
            return Math.Min(1, 2 * tail);
        }
    }

    /// <summary>χ² with Edwards' continuity correction, one degree of freedom; 0 when nothing differs.</summary>
    public double ChiSquare
    {
        get
        {
            double excess = Math.Abs(OnlyFirst - OnlySecond) - 1;
            return Discordant == 0 ? 0 : excess * excess / Discordant;
        }
    }

    /// <summary>The p-value of <see cref="ChiSquare"/>.</summary>
    public double ChiSquareP => ErrorFunction.Complement(Math.Sqrt(ChiSquare / 2));

    /// <summary>Compares two models item by item.</summary>
    /// <param name="first">[items], whether the first model was right.</param>
    /// <param name="second">[items], the same items in the same order.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static McNemar Compare(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException(
                $"Both models must have answered the same items: {first.Count} against {second.Count}.",
                nameof(second)
            );
        }
        return new McNemar(
            first.Where((right, i) => right && !second[i]).Count(),
            second.Where((right, i) => right && !first[i]).Count()
        );
    }
}
