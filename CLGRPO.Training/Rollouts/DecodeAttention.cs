using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// One new token of each running completion against its prompt's keys and its own: writes the token's key and value into
/// its slot, then attends. Rows are ragged; each reads only what it has.
/// </summary>
/// <param name="cache">Keys and values so far.</param>
/// <param name="rows">The running completions.</param>
/// <param name="device">Where.</param>
internal sealed class DecodeAttention(DecodeCache cache, DecodeRow[] rows, Device device) : IAttention
{
    private readonly Tensor _cells = Vector(rows, row => (long)row.Slot * cache.CompletionTokens + row.Length, device);
    private Tensor? _promptSlots;
    private Tensor? _slots;
    private Tensor? _mask;

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        var cached = cache.Layers[layer];
        Write(cached.Keys, keys);
        Write(cached.Values, values);
        return DecodeAttentionKernel.Supports(queries)
            ? DecodeAttentionKernel.Attend(queries.contiguous(), cache, cached, rows)
            : Eager(cached, queries);
    }

    private void Write(Tensor cached, Tensor fresh) => cached.view(-1, cached.shape[2]).index_copy_(0, _cells, fresh);

    /// <summary>The same by batched products, for any device and type.</summary>
    internal Tensor Eager(DecodeCache.Layer cached, Tensor queries)
    {
        // Made in the first layer's scope and used by all.
        _promptSlots ??= Vector(rows, row => row.PromptSlot, device).MoveToOuterDisposeScope();
        _slots ??= Vector(rows, row => row.Slot, device).MoveToOuterDisposeScope();
        _mask ??= Mask().MoveToOuterDisposeScope();
        var heads = cache.Heads;
        Tensor All(Tensor prompt, Tensor own) =>
            cat([prompt.index_select(0, _promptSlots), own.index_select(0, _slots)], 1) // [rows, tokens, kv · d]
                .view(rows.Length, cache.PromptTokens + cache.CompletionTokens, heads.KeyValueHeads, heads.Size)
                .transpose(1, 2)
                .reshape(rows.Length * heads.KeyValueHeads, -1, heads.Size);
        var q = queries.reshape(rows.Length * heads.KeyValueHeads, heads.Shared, heads.Size);
        var scores = _mask.baddbmm(q, All(cached.PromptKeys, cached.Keys).transpose(1, 2), alpha: heads.Scale);
        return scores
            .softmax(-1)
            .bmm(All(cached.PromptValues, cached.Values))
            .view(rows.Length, heads.Heads * heads.Size);
    }

    /// <summary>[rows · kv, 1, prompt tokens + completion tokens], −∞ where a row has no token.</summary>
    private Tensor Mask()
    {
        Tensor Beyond(long width, Func<DecodeRow, long> end) =>
            arange(width, dtype: ScalarType.Int64, device: device)
                .unsqueeze(0)
                .ge(Vector(rows, end, device).unsqueeze(1));
        var beyond = cat(
            [
                Beyond(cache.PromptTokens, row => row.PromptLength),
                Beyond(cache.CompletionTokens, row => row.Length + 1),
            ],
            1
        );
        return zeros(beyond.shape, dtype: cache.Layers[0].Keys.dtype, device: device)
            .masked_fill(beyond, float.NegativeInfinity)
            .repeat_interleave(cache.Heads.KeyValueHeads, 0)
            .unsqueeze(1);
    }

    private static Tensor Vector(DecodeRow[] rows, Func<DecodeRow, long> value, Device device) =>
        tensor(Array.ConvertAll(rows, row => value(row))).to(device);
}
