using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Models;

/// <summary>
/// Log-probabilities and entropies of chosen tokens, in chunks along the tokens: [tokens, vocabulary] never lives as a
/// whole. The gradient is the closed form (onehot − p) · g, recomputed chunk by chunk, so nothing of that size is kept
/// between forward and backward either. Logits have the head's type; all that follows is float32.
/// </summary>
/// <param name="head">[vocabulary, hidden].</param>
/// <param name="temperature">Logits are divided by it (reference/grpo.md §1).</param>
/// <param name="chunkElements">Logits that may live at once.</param>
/// <param name="headGradient">[vocabulary, hidden]: where the head's gradient is added; null for the head's own.</param>
public sealed class TokenLogprobs(
    Tensor head,
    double temperature = 1,
    long chunkElements = TokenLogprobs.DefaultChunkElements,
    Tensor? headGradient = null
)
{
    /// <summary>Logits that live at once, where nothing else is said.</summary>
    public const long DefaultChunkElements = 1L << 25;

    /// <summary>What one forward pass gives, and what its backward pass needs.</summary>
    /// <param name="Hidden">[tokens, hidden], part of the graph.</param>
    /// <param name="Targets">[tokens], int64.</param>
    /// <param name="Logprobs">[tokens], nats; a leaf that takes a gradient.</param>
    /// <param name="Entropies">[tokens], nats; no gradient.</param>
    public sealed record Result(Tensor Hidden, Tensor Targets, Tensor Logprobs, Tensor Entropies);

    /// <param name="hidden">[tokens, hidden], after the final norm.</param>
    /// <param name="targets">[tokens], int64.</param>
    public Result Forward(Tensor hidden, Tensor targets)
    {
        using var noGrad = no_grad();
        var logprobs = new List<Tensor>();
        var entropies = new List<Tensor>();
        foreach (var (first, count) in Chunks(hidden.shape[0]))
        {
            using var scope = NewDisposeScope();
            var all = LogSoftmax(hidden.narrow(0, first, count));
            logprobs.Add(
                all.gather(1, targets.narrow(0, first, count).unsqueeze(1)).squeeze(1).MoveToOuterDisposeScope()
            );
            entropies.Add(all.exp().mul_(all).sum(1).neg_().MoveToOuterDisposeScope());
        }
        return new Result(hidden, targets, cat(logprobs).requires_grad_(), cat(entropies));
    }

    /// <summary>Sends the gradient of the log-probabilities through head and hidden states into the model.</summary>
    /// <param name="result">What <see cref="Forward"/> gave; its <c>Logprobs.grad</c> is set.</param>
    /// <exception cref="InvalidOperationException">No loss was sent back to the log-probabilities.</exception>
    public void Backward(Result result)
    {
        using var scope = NewDisposeScope();
        var gradient =
            result.Logprobs.grad
            ?? throw new InvalidOperationException(
                "The log-probabilities have no gradient: call loss.backward() first."
            );
        var hiddenGradient = zeros_like(result.Hidden);
        using (no_grad())
        {
            foreach (var (first, count) in Chunks(result.Hidden.shape[0]))
                BackwardChunk(result, gradient, hiddenGradient, first, count);
        }
        result.Hidden.backward([hiddenGradient]);
    }

    private void BackwardChunk(Result result, Tensor gradient, Tensor hiddenGradient, long first, long count)
    {
        using var scope = NewDisposeScope();
        var hidden = result.Hidden.narrow(0, first, count);
        var scaled = gradient.narrow(0, first, count).unsqueeze(1) / temperature; // [chunk, 1]
        var logits = LogSoftmax(hidden).exp_().mul_(-scaled);
        logits.scatter_add_(1, result.Targets.narrow(0, first, count).unsqueeze(1), scaled);
        var ofLogits = logits.to(hidden.dtype);
        hiddenGradient.narrow(0, first, count).copy_(ofLogits.matmul(head));
        if ((headGradient ?? head.grad) is not { } sum)
            return;
        if (sum.dtype == hidden.dtype)
            sum.addmm_(ofLogits.t(), hidden);
        else
            sum.add_(ofLogits.t().matmul(hidden)); // a float32 sum of bfloat16 products
    }

    private Tensor LogSoftmax(Tensor hidden)
    {
        using var scope = NewDisposeScope(); // the logits go when they are normalised
        var logits = linear(hidden, head).to(ScalarType.Float32);
        return (temperature == 1 ? logits : logits.div_(temperature)).log_softmax(-1).MoveToOuterDisposeScope();
    }

    private IEnumerable<(long First, long Count)> Chunks(long tokens)
    {
        var size = Math.Max(1, chunkElements / head.shape[0]);
        for (long first = 0; first < tokens; first += size)
            yield return (first, Math.Min(size, tokens - first));
    }
}
