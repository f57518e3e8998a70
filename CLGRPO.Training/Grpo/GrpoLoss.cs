using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Grpo;

/// <summary>The clipped surrogate with a k3 divergence from the reference policy.</summary>
/// <remarks>
/// ℓ = −min(min(ρ, δ)·A, clamp(ρ, 1 − ε_low, 1 + ε_high)·A) + β·(e^d − d − 1), d = log π_ref − log π.
/// Sources: GRPO, arXiv:2402.03300; DAPO, arXiv:2503.14476; Dr. GRPO, arXiv:2503.20783; GSPO, arXiv:2507.18071. Checked
/// against TRL's GRPOTrainer; unlike it, every loss type is normalised over the optimizer step.
/// </remarks>
public sealed class GrpoLoss
{
    private readonly ClipRange _clip;
    private readonly double _beta;
    private readonly LossType _type;
    private readonly ImportanceSamplingLevel _level;
    private readonly int _maxCompletionTokens;

    /// <param name="maxCompletionTokens">The limit that completions were sampled under; <c>dr_grpo</c> divides by it.</param>
    public GrpoLoss(ClipRange clip, double beta, LossType type, ImportanceSamplingLevel level, int maxCompletionTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(beta);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCompletionTokens, 1);
        (_clip, _beta, _type, _level, _maxCompletionTokens) = (clip, beta, type, level, maxCompletionTokens);
    }

    public GrpoLoss(GrpoConfig config)
        : this(config.Clip, config.Beta, config.LossType, config.ImportanceSamplingLevel, config.MaxCompletionTokens)
    { }

    /// <summary>A micro-batch's share of the loss of the optimizer step that <paramref name="step"/> describes.</summary>
    /// <exception cref="ArgumentException">beta is not 0 and the batch has no reference log-probabilities.</exception>
    public GrpoLossShare Share(GrpoBatch batch, StepTotals step)
    {
        var padding = batch.Mask.eq(0);
        var weights = batch.Mask.to(batch.Logprobs.dtype); // [B, T]
        var lengths = weights.sum(1, keepdim: true).clamp(min: 1); // [B, 1]

        var ratio = Ratio(batch, padding, lengths);
        var tokenLoss = Surrogate(ratio, batch.Advantages.unsqueeze(1)).neg();
        Tensor? divergence = null;
        if (_beta != 0)
        {
            divergence = Divergence(batch, padding);
            tokenLoss = tokenLoss + (divergence * _beta);
        }
        return new GrpoLossShare(Aggregate(tokenLoss * weights, lengths, step), ratio.detach(), divergence?.detach());
    }

    // [B, T], or [B, 1]: the geometric mean over the sequence.
    private Tensor Ratio(GrpoBatch batch, Tensor padding, Tensor lengths)
    {
        // Padding is filled before exp: what stands there may be anything, and 0 · inf is NaN.
        var logRatio = (batch.Logprobs - batch.OldLogprobs).masked_fill(padding, 0);
        return _level == ImportanceSamplingLevel.Token
            ? logRatio.exp()
            : (logRatio.sum(1, keepdim: true) / lengths).exp();
    }

    private Tensor Surrogate(Tensor ratio, Tensor advantages)
    {
        var clipped = ratio.clamp(_clip.Lower, _clip.Upper);
        var free = _clip.Delta is { } cap ? ratio.clamp(max: cap) : ratio;
        return minimum(free * advantages, clipped * advantages);
    }

    private static Tensor Divergence(GrpoBatch batch, Tensor padding)
    {
        var reference =
            batch.ReferenceLogprobs
            ?? throw new ArgumentException(
                "beta is not 0, but the batch has no log-probabilities of a reference policy.",
                nameof(batch)
            );
        var distance = (reference - batch.Logprobs).masked_fill(padding, 0);
        return distance.exp() - distance - 1;
    }

    // weighted: [B, T], 0 where masked.
    private Tensor Aggregate(Tensor weighted, Tensor lengths, StepTotals step) =>
        _type switch
        {
            LossType.Grpo => (weighted / lengths).sum() / Math.Max(step.Sequences, 1),
            LossType.DrGrpo => weighted.sum() / ((double)Math.Max(step.Sequences, 1) * _maxCompletionTokens),
            // On one device the device's share of the step is the step.
            LossType.Bnpo or LossType.Dapo => weighted.sum() / Math.Max(step.ActiveTokens, 1),
            _ => throw new InvalidOperationException($"Unknown loss type {_type}."),
        };
}
