using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// One new token of each running completion against its prompt's keys and its own: writes the token's key and value into
/// its slot, then attends. Rows are ragged; each reads only what it has.
/// </summary>
/// <param name="cache">Keys and values so far.</param>
/// <param name="promptSlots">[rows], int64: the slot of each row's prompt.</param>
/// <param name="promptLengths">[rows], int64: real tokens of each row's prompt.</param>
/// <param name="rowSlots">[rows], int64.</param>
/// <param name="lengths">[rows], int64: tokens of each completion that the cache holds already.</param>
internal sealed class DecodeAttention(DecodeCache cache, Tensor promptSlots, Tensor promptLengths, Tensor rowSlots, Tensor lengths) : IAttention
{
    private readonly Tensor _cells = rowSlots * cache.CompletionTokens + lengths;
    private Tensor? _mask;

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        var cached = cache.Layers[layer];
        Write(cached.Keys, keys);
        Write(cached.Values, values);
        return FusedKernels.Supports(queries)
            ? FusedKernels.DecodeAttention(queries, cached.PromptKeys, cached.PromptValues, cached.Keys, cached.Values, promptSlots, promptLengths, rowSlots, lengths, cache.Heads.Heads, cache.Heads.KeyValueHeads)
            : Eager(cached, queries);
    }

    private void Write(Tensor cached, Tensor fresh) => cached.view(-1, cached.shape[2]).index_copy_(0, _cells, fresh).Dispose();

    private Tensor Eager(DecodeCache.Layer cached, Tensor queries)
    {
        var (rows, heads) = (queries.shape[0], cache.Heads);
        Tensor Keys(Tensor prompt, Tensor own) =>
            cat([prompt.index_select(0, promptSlots), own.index_select(0, rowSlots)], 1) // [rows, tokens, kv · d]
                .view(rows, cache.PromptTokens + cache.CompletionTokens, heads.KeyValueHeads, heads.Size)
                .transpose(1, 2)
                .reshape(rows * heads.KeyValueHeads, -1, heads.Size);
        var q = queries.reshape(rows * heads.KeyValueHeads, heads.Shared, heads.Size);
        _mask ??= Mask(rows);
        var scores = _mask.baddbmm(q, Keys(cached.PromptKeys, cached.Keys).transpose(1, 2), alpha: heads.Scale);
        return scores.softmax(-1).bmm(Keys(cached.PromptValues, cached.Values)).view(rows, heads.Heads * heads.Size);
    }

    /// <summary>[rows · kv, 1, prompt tokens + completion tokens], −∞ where a row has no token.</summary>
    private Tensor Mask(long rows)
    {
        Tensor Beyond(long width, Tensor last) => arange(width, dtype: ScalarType.Int64, device: last.device).unsqueeze(0).ge(last.unsqueeze(1));
        var beyond = cat([Beyond(cache.PromptTokens, promptLengths), Beyond(cache.CompletionTokens, lengths + 1)], 1); // [rows, tokens]
        return zeros(beyond.shape, device: beyond.device)
            .masked_fill(beyond, float.NegativeInfinity)
            .repeat_interleave(cache.Heads.KeyValueHeads, 0)
            .unsqueeze(1);
    }
}
