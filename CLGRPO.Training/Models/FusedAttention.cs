using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Models;

/// <summary>
/// Attention as one kernel that never writes the scores down (scaled_dot_product_attention): the path on a GPU. On the
/// processor libtorch has no such kernel, and batched products that share the keys of a group are faster.
/// </summary>
internal static class FusedAttention
{
    [ThreadStatic]
    private static bool s_always;

    /// <summary>Whether to take this path.</summary>
    public static bool Suits(Device device) => device.type == DeviceType.CUDA || s_always;

    /// <summary>Takes this path on every device while it is held, on this thread: how the GPU's path is tested without one.</summary>
    internal static IDisposable Always()
    {
        s_always = true;
        return new Restore();
    }

    /// <summary>Every token sees every other: an image's patches.</summary>
    /// <param name="queries">[rows, heads, tokens, d]; keys and values alike.</param>
    /// <returns>[rows, tokens, heads · d].</returns>
    public static Tensor Full(Tensor queries, Tensor keys, Tensor values) =>
        scaled_dot_product_attention(queries, keys, values).transpose(1, 2).flatten(2);

    /// <summary>Each token sees itself and what came before it in its row.</summary>
    /// <param name="queries">[rows · tokens, heads · d].</param>
    /// <param name="keys">[rows · tokens, key-value heads · d].</param>
    /// <param name="values">[rows · tokens, key-value heads · d].</param>
    /// <returns>[rows · tokens, heads · d].</returns>
    public static Tensor Causal(HeadShape heads, long rows, long tokens, Tensor queries, Tensor keys, Tensor values) =>
        Flat(
            scaled_dot_product_attention(
                Split(queries, rows, tokens, heads),
                Shared(keys, rows, tokens, heads),
                Shared(values, rows, tokens, heads),
                null,
                0,
                true
            )
        );

    /// <summary>[rows · tokens, heads · d] → [rows, heads, tokens, d].</summary>
    internal static Tensor Split(Tensor flat, long rows, long tokens, HeadShape heads) =>
        flat.reshape(rows, tokens, heads.Heads, heads.Size).transpose(1, 2);

    /// <summary>[rows · tokens, kv · d] → [rows, heads, tokens, d], each key-value head once for every query head that shares it.</summary>
    internal static Tensor Shared(Tensor flat, long rows, long tokens, HeadShape heads) =>
        flat.reshape(rows, tokens, heads.KeyValueHeads, 1, heads.Size)
            .expand(rows, tokens, heads.KeyValueHeads, heads.Shared, heads.Size)
            .reshape(rows, tokens, heads.Heads, heads.Size)
            .transpose(1, 2);

    /// <summary>[rows, heads, tokens, d] → [rows · tokens, heads · d].</summary>
    internal static Tensor Flat(Tensor mixed) => mixed.transpose(1, 2).flatten(2).flatten(0, 1);

    private sealed class Restore : IDisposable
    {
        public void Dispose() => s_always = false;
    }
}

/// <summary>What <see cref="GroupAttention"/> computes, as one kernel for the prompts and one for the completions.</summary>
internal sealed class FusedGroupAttention(
    HeadShape heads,
    long prompts,
    long promptTokens,
    long group,
    long completionTokens,
    IReadOnlyList<int> promptLengths,
    Device device
) : IAttention
{
    private readonly long _rows = prompts * group;
    private readonly Tensor _mask = Mask(prompts, promptTokens, group, completionTokens, promptLengths, device);

    public Tensor Attend(int layer, Tensor queries, Tensor keys, Tensor values)
    {
        var split = prompts * promptTokens;
        var rest = _rows * completionTokens;
        var prompt = FusedAttention.Causal(
            heads,
            prompts,
            promptTokens,
            queries.narrow(0, 0, split),
            keys.narrow(0, 0, split),
            values.narrow(0, 0, split)
        );
        var completion = scaled_dot_product_attention(
            FusedAttention.Split(queries.narrow(0, split, rest), _rows, completionTokens, heads),
            PromptAndOwn(keys, split, rest),
            PromptAndOwn(values, split, rest),
            _mask.to(queries.dtype)
        );
        return cat([prompt, FusedAttention.Flat(completion)]);
    }

    /// <summary>Keys or values that each completion sees: [rows, heads, prompt tokens + completion tokens, d].</summary>
    private Tensor PromptAndOwn(Tensor flat, long split, long rest)
    {
        var ofPrompt = FusedAttention.Shared(flat.narrow(0, 0, split), prompts, promptTokens, heads);
        var repeated = ofPrompt
            .unsqueeze(1)
            .expand(prompts, group, heads.Heads, promptTokens, heads.Size)
            .reshape(_rows, heads.Heads, promptTokens, heads.Size);
        return cat([repeated, FusedAttention.Shared(flat.narrow(0, split, rest), _rows, completionTokens, heads)], 2);
    }

    /// <summary>[rows, 1, completion tokens, prompt tokens + completion tokens]: −∞ on the prompt's padding and ahead of a token, else 0.</summary>
    private static Tensor Mask(
        long prompts,
        long promptTokens,
        long group,
        long tokens,
        IReadOnlyList<int> promptLengths,
        Device device
    )
    {
        var lengths = tensor(promptLengths.Select(length => (long)length).ToArray()).to(device);
        var padding = arange(promptTokens, dtype: ScalarType.Int64, device: device)
            .unsqueeze(0)
            .ge(lengths.unsqueeze(1));
        var ahead = ones([tokens, tokens], dtype: ScalarType.Bool, device: device).triu(1);
        var hidden = cat(
            [
                padding.unsqueeze(1).expand(prompts, tokens, promptTokens),
                ahead.unsqueeze(0).expand(prompts, tokens, tokens),
            ],
            2
        );
        return zeros(hidden.shape, dtype: ScalarType.Float32, device: device)
            .masked_fill_(hidden, float.NegativeInfinity)
            .unsqueeze(1)
            .expand(prompts, group, tokens, promptTokens + tokens)
            .reshape(prompts * group, 1, tokens, promptTokens + tokens);
    }
}
