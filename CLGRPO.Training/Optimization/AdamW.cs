using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Optimization;

/// <summary>Adam with decoupled weight decay over flat parameter groups.</summary>
/// <remarks>Source: arXiv:1711.05101; the arithmetic of PyTorch's AdamW and clip_grad_norm_, operation by operation.</remarks>
public sealed class AdamW(IReadOnlyList<ParameterGroup> groups, double beta1, double beta2, double epsilon = 1e-8)
    : IDisposable
{
    // clip_grad_norm_ adds it to the norm it divides by.
    private const double NormEpsilon = 1e-6;

    /// <summary>Elements that a step works on at once, where it needs memory of its own.</summary>
    internal const long PieceElements = 1 << 24;

    public AdamW(IReadOnlyList<ParameterGroup> groups, OptimizerConfig config)
        : this(groups, config.Beta1, config.Beta2, config.Epsilon) { }

    public IReadOnlyList<ParameterGroup> Groups { get; } = groups;

    /// <summary>Steps applied; part of a checkpoint, with every group's moments.</summary>
    public long StepCount { get; private set; }

    /// <summary>Continues after this many steps; the moments are copied into the groups' tensors by the caller.</summary>
    public void RestoreStepCount(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        StepCount = steps;
    }

    /// <summary>Applies the gradients that have been accumulated, then clears them.</summary>
    /// <param name="learningRate">Of this step; see <see cref="LearningRateSchedule"/>.</param>
    /// <param name="maxGradNorm">Longer gradients are scaled down to this global norm; 0 = off.</param>
    /// <returns>The global norm of the gradients before clipping.</returns>
    /// <exception cref="NonFiniteGradientException">A gradient is NaN or infinite; nothing was changed.</exception>
    public double Step(double learningRate, double maxGradNorm = 0)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var norm = GradientNorm();
        if (!double.IsFinite(norm))
        {
            throw new NonFiniteGradientException(
                StepCount,
                [.. Groups.SelectMany(group => group.NonFiniteGradients())]
            );
        }
        var shrink = maxGradNorm > 0 ? Math.Min(1, maxGradNorm / (norm + NormEpsilon)) : 1;
        StepCount++;
        foreach (var group in Groups)
        {
            if (shrink < 1)
            {
                group.Gradients.mul_(shrink);
            }
            Update(group, learningRate * group.LearningRateScale);
            group.Round();
        }
        ZeroGradients();
        return norm;
    }

    /// <summary>Throws accumulated gradients away.</summary>
    public void ZeroGradients()
    {
        foreach (var group in Groups)
        {
            group.Gradients.zero_();
        }
    }

    public void Dispose()
    {
        foreach (var group in Groups)
        {
            group.Dispose();
        }
    }

    private double GradientNorm()
    {
        var squares = Groups.Select(group => group.Gradients.norm().square()).Aggregate((sum, square) => sum + square);
        return Math.Sqrt(squares.item<float>());
    }

    private void Update(ParameterGroup group, double learningRate)
    {
        if (group.WeightDecay != 0)
        {
            group.Values.mul_(1 - (learningRate * group.WeightDecay));
        }
        group.FirstMoment.mul_(beta1).add_(group.Gradients, 1 - beta1);
        group.SecondMoment.mul_(beta2).addcmul_(group.Gradients, group.Gradients, 1 - beta2);
        var correction1 = 1 - Math.Pow(beta1, StepCount);
        var correction2 = Math.Sqrt(1 - Math.Pow(beta2, StepCount));
        // The root of the second moment is a tensor of its own: piece by piece, it never is as large as the group.
        for (long start = 0; start < group.Count; start += PieceElements)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(PieceElements, group.Count - start);
            Tensor Piece(Tensor whole) => whole.narrow(0, start, count);
            var deviation = Piece(group.SecondMoment).sqrt().div_(correction2).add_(epsilon);
            Piece(group.Values).addcdiv_(Piece(group.FirstMoment), deviation, -learningRate / correction1);
        }
    }
}
