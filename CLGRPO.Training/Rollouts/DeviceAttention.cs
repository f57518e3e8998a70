using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// One new token of every row of a <see cref="DeviceBatch"/> against its prompt and its own tokens, by batched products
/// of fixed shape: a prompt's keys are read once for its whole group.
/// </summary>
internal sealed class DeviceAttention : IAttention
{
    private readonly DeviceBatch _batch;
    private readonly long _width;
    private readonly Tensor _cells; // [slots · kv · group]: where each new key goes
    private readonly Tensor _promptMask; // [slots · kv, 1, prompt tokens]
    private readonly Tensor _ownMask; // [slots · kv · group, 1, width]

    /// <param name="batch">Keys and values so far.</param>
    /// <param name="width">Completion tokens that are looked at; no row has more.</param>
    public DeviceAttention(DeviceBatch batch, long width)
    {
        (_batch, _width) = (batch, width);
        var (heads, slots, group) = (batch.Heads, batch.Slots, batch.Group);
        var (kv, device) = (heads.KeyValueHeads, batch.Ids.device);
        var dtype = batch.Layers[0].Keys.dtype;
        var lengths = batch.Counts - 1; // tokens in the cache before this one
        _cells = (
            arange((long)slots * kv * group, dtype: ScalarType.Int64, device: device).view(slots, kv, group)
                * batch.CompletionTokens
            + lengths.view(slots, 1, group)
        ).flatten();
        var hidden = arange(width, dtype: ScalarType.Int64, device: device)
            .unsqueeze(0)
            .gt(lengths.unsqueeze(1)) // its own key, just written, is seen
            .view(slots, 1, group, width)
            .expand(slots, kv, group, width);
        _ownMask = zeros([slots, kv, group, width], dtype: dtype, device: device)
            .masked_fill_(hidden, float.NegativeInfinity)
            .view(-1, 1, width);
        _promptMask = batch
            .PromptMask.to(dtype)
            .unsqueeze(1)
            .expand(slots, kv, batch.PromptTokens)
            .reshape(-1, 1, batch.PromptTokens);
    }

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        var cached = _batch.Layers[layer];
        Write(cached.Keys, keys);
        Write(cached.Values, values);
        var (heads, slots, group) = (_batch.Heads, _batch.Slots, _batch.Group);
        var (kv, shared, size) = (heads.KeyValueHeads, heads.Shared, heads.Size);
        var prompt = _batch.PromptTokens;
        Tensor OfPrompt(Tensor cache) => cache.view(slots * kv, prompt, size);
        Tensor Own(Tensor cache) => cache.view(slots * kv * group, _batch.CompletionTokens, size).narrow(1, 0, _width);

        var q = queries.reshape(slots, group, kv, shared, size).transpose(1, 2).contiguous(); // [slots, kv, group, shared, d]
        var promptScores = _promptMask.baddbmm(
            q.view(slots * kv, group * shared, size),
            OfPrompt(cached.PromptKeys).transpose(1, 2),
            alpha: heads.Scale
        );
        var ownScores = _ownMask.baddbmm(
            q.view(slots * kv * group, shared, size),
            Own(cached.Keys).transpose(1, 2),
            alpha: heads.Scale
        );
        var weights = cat([promptScores.view(slots * kv * group, shared, prompt), ownScores], -1)
            .softmax(-1, ScalarType.Float32)
            .to(queries.dtype);
        var fromPrompt = weights
            .view(slots * kv, group * shared, prompt + _width)
            .narrow(2, 0, prompt)
            .bmm(OfPrompt(cached.PromptValues));
        var fromOwn = weights.narrow(2, prompt, _width).bmm(Own(cached.Values));
        return (fromPrompt.view(slots, kv, group, shared, size) + fromOwn.view(slots, kv, group, shared, size))
            .transpose(1, 2)
            .reshape(slots * group, heads.Heads * size);
    }

    /// <param name="fresh">[rows, kv · d].</param>
    private void Write(Tensor cache, Tensor fresh)
    {
        var heads = _batch.Heads;
        var byHead = fresh.reshape(_batch.Slots, _batch.Group, heads.KeyValueHeads, heads.Size).transpose(1, 2);
        cache.view(-1, heads.Size).index_copy_(0, _cells, byHead.reshape(-1, heads.Size));
    }
}

/// <summary>Causal attention over prompts that leaves their keys and values in a <see cref="DeviceBatch"/>.</summary>
/// <param name="batch">Where to.</param>
/// <param name="slots">[prompts], int64: the slot of each.</param>
/// <param name="tokens">Tokens of each prompt, padding included.</param>
internal sealed class DevicePrefillAttention(DeviceBatch batch, Tensor slots, long tokens) : IAttention
{
    private readonly long _prompts = slots.shape[0];
    private readonly CausalAttention _attention = new(batch.Heads, slots.shape[0], tokens, slots.device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        Keep(batch.Layers[layer].PromptKeys, keys);
        Keep(batch.Layers[layer].PromptValues, values);
        return _attention.Attend(layer, queries, keys, values);
    }

    private void Keep(Tensor kept, Tensor flat) =>
        kept.narrow(2, 0, tokens)
            .index_copy_(
                0,
                slots,
                flat.reshape(_prompts, tokens, batch.Heads.KeyValueHeads, batch.Heads.Size).transpose(1, 2)
            );
}
