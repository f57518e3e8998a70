using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>
/// Which tokens see which: the decoder's layers hand their queries, keys and values over as flat rows of tokens, and one
/// of these mixes them.
/// </summary>
public interface IAttention
{
    /// <param name="layer">Index of the layer, for attentions that keep keys and values.</param>
    /// <param name="queries">[tokens, heads · d].</param>
    /// <param name="keys">[tokens, key-value heads · d].</param>
    /// <param name="values">[tokens, key-value heads · d].</param>
    /// <returns>[tokens, heads · d].</returns>
    Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values);
}

/// <summary>Sizes of the heads, and the layouts that batched products need.</summary>
internal readonly record struct HeadShape(int Heads, int KeyValueHeads, int Size)
{
    public HeadShape(LanguageConfig config)
        : this(config.Heads, config.KeyValueHeads, config.HeadSize) { }

    /// <summary>Query heads that share one key-value head.</summary>
    public int Shared => Heads / KeyValueHeads;

    public float Scale => (float)(1 / Math.Sqrt(Size));

    /// <summary>[rows · tokens, heads · d] → [rows · kv, shared · tokens, d].</summary>
    public Tensor Queries(Tensor flat, long rows, long tokens) =>
        flat.view(rows, tokens, KeyValueHeads, Shared, Size)
            .permute(0, 2, 3, 1, 4)
            .reshape(rows * KeyValueHeads, Shared * tokens, Size);

    /// <summary>[rows · tokens, kv · d] → [rows · kv, tokens, d].</summary>
    public Tensor KeysOrValues(Tensor flat, long rows, long tokens) =>
        flat.view(rows, tokens, KeyValueHeads, Size).transpose(1, 2).reshape(rows * KeyValueHeads, tokens, Size);

    /// <summary>[rows · kv, shared · tokens, d] → [rows · tokens, heads · d].</summary>
    public Tensor Flat(Tensor mixed, long rows, long tokens) =>
        mixed
            .view(rows, KeyValueHeads, Shared, tokens, Size)
            .permute(0, 3, 1, 2, 4)
            .reshape(rows * tokens, Heads * Size);

    /// <summary>Additive causal mask [shared · tokens, tokens]: 0 where a token sees, −∞ ahead of it.</summary>
    public Tensor CausalMask(long tokens, Device device) =>
        full([tokens, tokens], float.NegativeInfinity, device: device).triu(1).repeat(Shared, 1);
}

/// <summary>
/// Rows of right-padded sequences, each token seeing itself and what came before it in its row. Padding comes last, so
/// no real token sees it.
/// </summary>
internal sealed class CausalAttention(HeadShape heads, long rows, long tokens, Device device) : IAttention
{
    private readonly Tensor? _mask = FusedAttention.Suits(device) ? null : heads.CausalMask(tokens, device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        if (_mask is null)
            return FusedAttention.Causal(heads, rows, tokens, queries, keys, values);
        var k = heads.KeysOrValues(keys, rows, tokens);
        var v = heads.KeysOrValues(values, rows, tokens);
        var scores = _mask
            .to(queries.dtype)
            .baddbmm(heads.Queries(queries, rows, tokens), k.transpose(1, 2), alpha: heads.Scale);
        return heads.Flat(scores.softmax(-1).bmm(v), rows, tokens);
    }
}

/// <summary>
/// Prompts, each followed by its group of completions: a prompt's tokens are computed once and its keys and values serve
/// the whole group. Token rows are the prompts' first, then the completions'.
/// </summary>
/// <param name="heads">Sizes of the heads.</param>
/// <param name="prompts">Prompts.</param>
/// <param name="promptTokens">Tokens of each prompt, padding included.</param>
/// <param name="group">Completions of each prompt.</param>
/// <param name="completionTokens">Tokens of each completion, padding included.</param>
/// <param name="promptLengths">Real tokens of each prompt.</param>
/// <param name="device">Where.</param>
internal sealed class GroupAttention(
    HeadShape heads,
    long prompts,
    long promptTokens,
    long group,
    long completionTokens,
    IReadOnlyList<int> promptLengths,
    Device device
) : IAttention
{
    private readonly CausalAttention _promptAttention = new(heads, prompts, promptTokens, device);
    private readonly Tensor _completionMask = heads.CausalMask(completionTokens, device);
    private readonly Tensor? _promptPadding = PromptPadding(heads, promptTokens, promptLengths, device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        var split = prompts * promptTokens;
        var rest = prompts * group * completionTokens;
        var prompt = _promptAttention.Attend(
            layer,
            queries.narrow(0, 0, split),
            keys.narrow(0, 0, split),
            values.narrow(0, 0, split)
        );
        var completion = Completions(
            queries.narrow(0, split, rest),
            (keys.narrow(0, 0, split), values.narrow(0, 0, split)),
            (keys.narrow(0, split, rest), values.narrow(0, split, rest))
        );
        return cat([prompt, completion]);
    }

    private Tensor Completions(Tensor queries, (Tensor Keys, Tensor Values) prompt, (Tensor Keys, Tensor Values) own)
    {
        var (kv, shared, size) = (heads.KeyValueHeads, heads.Shared, heads.Size);
        var q = queries.view(prompts, group, completionTokens, kv, shared, size).permute(0, 3, 1, 4, 2, 5).contiguous(); // [p, kv, g, shared, t, d]
        var promptKeys = heads.KeysOrValues(prompt.Keys, prompts, promptTokens);
        var promptValues = heads.KeysOrValues(prompt.Values, prompts, promptTokens);
        var ownKeys = Own(own.Keys);
        var ownValues = Own(own.Values);

        var perPrompt = q.view(prompts * kv, group * shared * completionTokens, size);
        var promptScores = _promptPadding is null
            ? perPrompt.bmm(promptKeys.transpose(1, 2)) * heads.Scale
            : _promptPadding.to(queries.dtype).baddbmm(perPrompt, promptKeys.transpose(1, 2), alpha: heads.Scale);
        var perRow = q.view(prompts * kv * group, shared * completionTokens, size);
        var ownScores = _completionMask.to(queries.dtype).baddbmm(perRow, ownKeys.transpose(1, 2), alpha: heads.Scale);

        var weights = cat(
                [promptScores.view(prompts * kv * group, shared * completionTokens, promptTokens), ownScores],
                -1
            )
            .softmax(-1);
        var fromPrompt = weights
            .narrow(-1, 0, promptTokens)
            .reshape(prompts * kv, group * shared * completionTokens, promptTokens)
            .bmm(promptValues);
        var fromOwn = weights.narrow(-1, promptTokens, completionTokens).bmm(ownValues);
        var mixed =
            fromPrompt.view(prompts, kv, group, shared, completionTokens, size)
            + fromOwn.view(prompts, kv, group, shared, completionTokens, size);
        return mixed.permute(0, 2, 4, 1, 3, 5).reshape(prompts * group * completionTokens, heads.Heads * size);
    }

    /// <summary>[p · g · t, kv · d] → [p · kv · g, t, d].</summary>
    private Tensor Own(Tensor flat) =>
        flat.view(prompts, group, completionTokens, heads.KeyValueHeads, heads.Size)
            .permute(0, 3, 1, 2, 4)
            .reshape(prompts * heads.KeyValueHeads * group, completionTokens, heads.Size);

    /// <summary>[prompts · kv, 1, prompt tokens], −∞ on padding; null when no prompt is padded.</summary>
    private static Tensor? PromptPadding(HeadShape heads, long promptTokens, IReadOnlyList<int> lengths, Device device)
    {
        if (lengths.All(length => length == promptTokens))
            return null;
        var mask = new float[lengths.Count * heads.KeyValueHeads * promptTokens];
        for (var row = 0; row < lengths.Count * heads.KeyValueHeads; row++)
            mask.AsSpan(
                    (int)(row * promptTokens) + lengths[row / heads.KeyValueHeads],
                    (int)promptTokens - lengths[row / heads.KeyValueHeads]
                )
                .Fill(float.NegativeInfinity);
        return tensor(mask, [lengths.Count * heads.KeyValueHeads, 1, promptTokens]).to(device);
    }
}
