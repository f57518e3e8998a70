namespace CLGRPO.Training.Evaluation;

/// <summary>Holm's step-down adjustment of p-values for several comparisons.</summary>
public static class HolmAdjustment
{
    /// <param name="p">[comparisons].</param>
    /// <returns>[comparisons], in the same order; each at least its p-value, at most 1.</returns>
    /// <remarks>Source: Holm 1979; the numbers agree with statsmodels' multipletests(method="holm").</remarks>
    public static IReadOnlyList<double> Of(IReadOnlyList<double> p)
    {
        var adjusted = new double[p.Count];
        var floor = 0.0;
        var rank = 0;
        foreach (var (value, index) in p.Select((value, index) => (value, index)).OrderBy(item => item.value))
        {
            floor = Math.Max(floor, Math.Min(1, (p.Count - rank) * value));
            adjusted[index] = floor;
            rank++;
        }
        return adjusted;
    }
}
