namespace CLGRPO.Training.Grpo;

/// <summary>How far the ratio π/π_old may move before a token stops being pushed: [1 − low, 1 + high].</summary>
/// <remarks>Source: PPO, arXiv:1707.06347; separate bounds as in DAPO, arXiv:2503.14476; delta as in INTELLECT-2, arXiv:2505.07291.</remarks>
public sealed record ClipRange
{
    /// <param name="epsilonLow">Recipe key <c>epsilon_low</c>; at least 0. Above 1 the lower bound is off.</param>
    /// <param name="epsilonHigh">Recipe key <c>epsilon_high</c>; at least 0.</param>
    /// <param name="delta">Cap of the unclipped branch, or null; above 1 + epsilon_high.</param>
    /// <exception cref="ArgumentException">A bound is out of range.</exception>
    public ClipRange(double epsilonLow = 0.2, double epsilonHigh = 0.2, double? delta = null)
    {
        if (Problem(epsilonLow, epsilonHigh, delta) is { } problem)
        {
            throw new ArgumentException(problem);
        }
        (EpsilonLow, EpsilonHigh, Delta) = (epsilonLow, epsilonHigh, delta);
    }

    public double EpsilonLow { get; }

    public double EpsilonHigh { get; }

    public double? Delta { get; }

    public double Lower => 1 - EpsilonLow;

    public double Upper => 1 + EpsilonHigh;

    /// <summary>The upper bound is the tighter one: the method's ClipLow, the reverse of DAPO's Clip-Higher.</summary>
    public bool IsClipLow => EpsilonHigh < EpsilonLow;

    /// <summary>What is wrong with these bounds, or null.</summary>
    public static string? Problem(double epsilonLow, double epsilonHigh, double? delta)
    {
        if (!double.IsFinite(epsilonLow) || epsilonLow < 0)
        {
            return $"epsilon_low is {epsilonLow}; it must be a number of at least 0 (0.2 is usual).";
        }
        if (!double.IsFinite(epsilonHigh) || epsilonHigh < 0)
        {
            return $"epsilon_high is {epsilonHigh}; it must be a number of at least 0 (0.2 is usual, below epsilon_low is ClipLow).";
        }
        return delta is { } cap && !(cap > 1 + epsilonHigh && double.IsFinite(cap))
            ? $"delta is {cap}; it must be above 1 + epsilon_high = {1 + epsilonHigh}, or it would act before the upper clip and hide it from the clip metrics (4 is usual)."
            : null;
    }
}
