using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Static KV cache of a batch that is being sampled: a prompt's keys and values once, shared by its group, and a slot of
/// fixed length for each completion. Slots are reused when a completion ends; nothing is ever moved or grown.
/// </summary>
internal sealed class DecodeCache : IDisposable
{
    /// <param name="config">The decoder's shape.</param>
    /// <param name="prompts">Prompt slots.</param>
    /// <param name="promptTokens">Tokens of the longest prompt.</param>
    /// <param name="rows">Completion slots.</param>
    /// <param name="completionTokens">Tokens of the longest completion.</param>
    /// <param name="like">Gives dtype and device.</param>
    public DecodeCache(
        LanguageConfig config,
        int prompts,
        int promptTokens,
        int rows,
        int completionTokens,
        Tensor like
    )
    {
        (Prompts, PromptTokens, Rows, CompletionTokens) = (prompts, promptTokens, rows, completionTokens);
        Heads = new HeadShape(config);
        Layers =
        [
            .. Enumerable
                .Range(0, config.Layers)
                .Select(_ => new Layer(
                    Slots(prompts, promptTokens),
                    Slots(prompts, promptTokens),
                    Slots(rows, completionTokens),
                    Slots(rows, completionTokens)
                )),
        ];
        // Zeros, not whatever memory held: the eager attention multiplies unused places by a weight of zero.
        Tensor Slots(int slots, int tokens) =>
            zeros([slots, tokens, config.KeyValueHeads * config.HeadSize], dtype: like.dtype, device: like.device);
    }

    /// <summary>Keys and values of one layer: [prompt slots, prompt tokens, kv · d] and [completion slots, completion tokens, kv · d].</summary>
    public sealed record Layer(Tensor PromptKeys, Tensor PromptValues, Tensor Keys, Tensor Values);

    /// <summary>Takes it out of the dispose scope in which it was made.</summary>
    public DecodeCache Detached()
    {
        foreach (var tensor in Tensors)
            tensor.DetachFromDisposeScope();
        return this;
    }

    /// <summary>Takes over all that a cache of no larger size holds, in the same slots.</summary>
    public void CopyFrom(DecodeCache smaller)
    {
        foreach (var (to, from) in Tensors.Zip(smaller.Tensors))
            to.narrow(0, 0, from.shape[0]).narrow(1, 0, from.shape[1]).copy_(from);
    }

    public void Dispose()
    {
        foreach (var tensor in Tensors)
            tensor.Dispose();
    }

    private IEnumerable<Tensor> Tensors =>
        Layers.SelectMany(layer => (Tensor[])[layer.PromptKeys, layer.PromptValues, layer.Keys, layer.Values]);

    public HeadShape Heads { get; }
    public int Prompts { get; }
    public int PromptTokens { get; }
    public int Rows { get; }
    public int CompletionTokens { get; }
    public IReadOnlyList<Layer> Layers { get; }
}

/// <summary>Causal attention over prompts that leaves their keys and values in the cache.</summary>
/// <param name="cache">Where to.</param>
/// <param name="slots">[prompts], int64: the slot of each.</param>
/// <param name="tokens">Tokens of each prompt, padding included.</param>
internal sealed class PrefillAttention(DecodeCache cache, Tensor slots, long tokens) : IAttention
{
    private readonly long _prompts = slots.shape[0];
    private readonly CausalAttention _attention = new(cache.Heads, slots.shape[0], tokens, slots.device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        Keep(cache.Layers[layer].PromptKeys, keys);
        Keep(cache.Layers[layer].PromptValues, values);
        return _attention.Attend(layer, queries, keys, values);
    }

    private void Keep(Tensor kept, Tensor flat) =>
        kept.narrow(1, 0, tokens).index_copy_(0, slots, flat.reshape(_prompts, tokens, kept.shape[2]));
}
