using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Reproduction;

/// <summary>One number for each seed, and what they say together.</summary>
/// <param name="Values">[seeds], any unit.</param>
public sealed record SeedMean(IReadOnlyList<double> Values)
{
    /// <summary>NaN without seeds.</summary>
    public double Mean => Values.Count == 0 ? double.NaN : Values.Average();

    /// <summary>Student's t 95 % interval of the mean over seeds; null for fewer than two, which say nothing about the spread.</summary>
    public Interval? Interval
    {
        get
        {
            if (Values.Count < 2)
            {
                return null;
            }
            var mean = Mean;
            var variance = Values.Sum(value => (value - mean) * (value - mean)) / (Values.Count - 1);
            var half = StudentT.TwoSided95(Values.Count - 1) * Math.Sqrt(variance / Values.Count);
            return new Interval(mean - half, mean + half);
        }
    }
}
