using TorchSharp;

namespace CLGRPO.Training.Grpo;

/// <summary>A micro-batch of judged completions, right-padded. All log-probabilities and entropies are taken from logits
/// divided by the sampling temperature.</summary>
/// <param name="Logprobs">[B, T], of the current policy, with its graph.</param>
/// <param name="OldLogprobs">[B, T], of the policy that sampled.</param>
/// <param name="ReferenceLogprobs">[B, T]; needed when beta is not 0.</param>
/// <param name="Advantages">[B].</param>
/// <param name="Mask">[B, T]; 1 = counts in the loss (the end token included), 0 = padding. What stands under a 0 is never read.</param>
/// <param name="Entropies">[B, T] in nats, for the metrics; null = not logged.</param>
public sealed record GrpoBatch(
    torch.Tensor Logprobs,
    torch.Tensor OldLogprobs,
    torch.Tensor? ReferenceLogprobs,
    torch.Tensor Advantages,
    torch.Tensor Mask,
    torch.Tensor? Entropies = null
);

/// <summary>What the whole optimizer step holds; every micro-batch of the step is divided by the same numbers.</summary>
/// <param name="Sequences">Completions, masked ones included.</param>
/// <param name="ActiveTokens">Ones in all masks.</param>
public sealed record StepTotals(int Sequences, long ActiveTokens)
{
    /// <param name="activeTokens">[completions]; ones in each completion's mask.</param>
    public static StepTotals Of(IReadOnlyCollection<int> activeTokens) =>
        new(activeTokens.Count, activeTokens.Sum(tokens => (long)tokens));
}

/// <summary>A micro-batch's share of the optimizer step's loss.</summary>
/// <param name="Loss">Scalar with its graph; the shares of a step add up to the step's loss.</param>
/// <param name="Ratio">π/π_old without graph: [B, T], or [B, 1] when one ratio belongs to a sequence; 1 where masked.</param>
/// <param name="Divergence">k3 without graph: [B, T], 0 where masked; null when beta is 0.</param>
public sealed record GrpoLossShare(torch.Tensor Loss, torch.Tensor Ratio, torch.Tensor? Divergence);
