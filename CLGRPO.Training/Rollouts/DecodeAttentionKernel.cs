using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Attention of one new token per row over ragged keys, on the CPU. Batched products of libtorch would need every row at
/// the length of the longest and a copy of the prompt's keys for each completion; this reads each key where it lies.
/// </summary>
internal static class DecodeAttentionKernel
{
    /// <summary>Whether the kernel can run on such tensors: float32 in the processor's memory.</summary>
    public static bool Supports(Tensor queries) =>
        queries.device_type == TorchSharp.DeviceType.CPU && queries.dtype == ScalarType.Float32;

    /// <param name="queries">[rows, heads · d].</param>
    /// <param name="cache">Sizes.</param>
    /// <param name="layer">Keys and values; the new token's are in it already.</param>
    /// <param name="rows">Where each row's keys lie.</param>
    /// <returns>[rows, heads · d].</returns>
    public static Tensor Attend(
        Tensor queries,
        DecodeCache cache,
        DecodeCache.Layer layer,
        ReadOnlySpan<DecodeRow> rows
    )
    {
        var heads = cache.Heads;
        var width = heads.KeyValueHeads * heads.Size;
        var mixed = empty(queries.shape);
        var q = Floats(queries);
        var output = Floats(mixed);
        var promptKeys = Floats(layer.PromptKeys);
        var promptValues = Floats(layer.PromptValues);
        var ownKeys = Floats(layer.Keys);
        var ownValues = Floats(layer.Values);
        Span<float> scores = new float[cache.PromptTokens + cache.CompletionTokens];
        for (var r = 0; r < rows.Length; r++)
        {
            var row = rows[r];
            var prompt = row.PromptSlot * cache.PromptTokens * width;
            var own = row.Slot * cache.CompletionTokens * width;
            var total = row.PromptLength + row.Length + 1;
            for (var head = 0; head < heads.Heads; head++)
            {
                var inToken = head / heads.Shared * heads.Size;
                var place = (r * heads.Heads + head) * heads.Size;
                var query = q.Slice(place, heads.Size);
                Scores(query, promptKeys[(prompt + inToken)..], width, scores[..row.PromptLength], heads.Scale);
                Scores(query, ownKeys[(own + inToken)..], width, scores[row.PromptLength..total], heads.Scale);
                System.Numerics.Tensors.TensorPrimitives.SoftMax(scores[..total], scores[..total]);
                var result = output.Slice(place, heads.Size);
                result.Clear();
                Accumulate(scores[..row.PromptLength], promptValues[(prompt + inToken)..], width, result);
                Accumulate(scores[row.PromptLength..total], ownValues[(own + inToken)..], width, result);
            }
        }
        return mixed;
    }

    /// <summary>scores[t] = scale · query · keys[t], keys <paramref name="stride"/> floats apart.</summary>
    private static void Scores(
        ReadOnlySpan<float> query,
        ReadOnlySpan<float> keys,
        int stride,
        Span<float> scores,
        float scale
    )
    {
        ref var q = ref MemoryMarshal.GetReference(query);
        ref var k = ref MemoryMarshal.GetReference(keys);
        for (var t = 0; t < scores.Length; t++)
        {
            ref var key = ref Unsafe.Add(ref k, t * stride);
            var sum = Vector256<float>.Zero;
            var i = 0;
            for (; i <= query.Length - Vector256<float>.Count; i += Vector256<float>.Count)
                sum = Vector256.FusedMultiplyAdd(
                    Vector256.LoadUnsafe(ref q, (nuint)i),
                    Vector256.LoadUnsafe(ref key, (nuint)i),
                    sum
                );
            var score = Vector256.Sum(sum);
            for (; i < query.Length; i++)
                score += Unsafe.Add(ref q, i) * Unsafe.Add(ref key, i);
            scores[t] = score * scale;
        }
    }

    /// <summary>result += Σ weights[t] · values[t].</summary>
    private static void Accumulate(
        ReadOnlySpan<float> weights,
        ReadOnlySpan<float> values,
        int stride,
        Span<float> result
    )
    {
        ref var v = ref MemoryMarshal.GetReference(values);
        ref var sum = ref MemoryMarshal.GetReference(result);
        var i = 0;
        for (; i <= result.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var total = Vector256.LoadUnsafe(ref sum, (nuint)i);
            for (var t = 0; t < weights.Length; t++)
                total = Vector256.FusedMultiplyAdd(
                    Vector256.Create(weights[t]),
                    Vector256.LoadUnsafe(ref v, (nuint)(t * stride + i)),
                    total
                );
            total.StoreUnsafe(ref sum, (nuint)i);
        }
        for (; i < result.Length; i++)
        {
            for (var t = 0; t < weights.Length; t++)
                result[i] += weights[t] * Unsafe.Add(ref v, t * stride + i);
        }
    }

    private static Span<float> Floats(Tensor contiguous) => MemoryMarshal.Cast<byte, float>(contiguous.bytes);
}

/// <summary>Where a running completion's keys and values lie.</summary>
/// <param name="PromptSlot">Slot of its prompt.</param>
/// <param name="PromptLength">Real tokens of its prompt.</param>
/// <param name="Slot">Its own slot.</param>
/// <param name="Length">Tokens of it that the cache holds already.</param>
internal readonly record struct DecodeRow(int PromptSlot, int PromptLength, int Slot, int Length);
