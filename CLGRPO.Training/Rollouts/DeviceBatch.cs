using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Everything a decode step reads and writes, in tensors that stay where they are: static KV cache, newest tokens,
/// counts, and what was sampled. A slot holds a prompt with its whole group; row slot · group + i is its completion i.
/// A row that is done, or a slot that is free, goes on computing and writes what nobody reads.
/// </summary>
internal sealed class DeviceBatch : IDisposable
{
    /// <summary>Keys and values of a layer: [slots, kv, prompt tokens, d] and [slots, kv, group, completion tokens, d].</summary>
    public sealed record Layer(Tensor PromptKeys, Tensor PromptValues, Tensor Keys, Tensor Values);

    /// <param name="config">The decoder's shape.</param>
    /// <param name="slots">Prompts at once.</param>
    /// <param name="group">Completions of each.</param>
    /// <param name="promptTokens">Tokens of the longest prompt.</param>
    /// <param name="completionTokens">Tokens at which a completion is cut.</param>
    /// <param name="like">Gives dtype and device.</param>
    public DeviceBatch(LanguageConfig config, int slots, int group, int promptTokens, int completionTokens, Tensor like)
    {
        (Slots, Group, PromptTokens, CompletionTokens) = (slots, group, promptTokens, completionTokens);
        Heads = new HeadShape(config);
        using var scope = NewDisposeScope();
        var (kv, size, device) = (config.KeyValueHeads, config.HeadSize, like.device);
        // Zeros, not whatever memory held: unused places are multiplied by a weight of zero.
        Tensor Cache(params long[] shape) => zeros(shape, dtype: like.dtype, device: device).DetachFromDisposeScope();
        Tensor Vector(ScalarType dtype, params long[] shape) =>
            zeros(shape, dtype: dtype, device: device).DetachFromDisposeScope();
        Layers =
        [
            .. Enumerable
                .Range(0, config.Layers)
                .Select(_ => new Layer(
                    Cache(slots, kv, promptTokens, size),
                    Cache(slots, kv, promptTokens, size),
                    Cache(slots, kv, group, completionTokens, size),
                    Cache(slots, kv, group, completionTokens, size)
                )),
        ];
        PromptMask = Vector(ScalarType.Float32, slots, promptTokens);
        PromptLengths = Vector(ScalarType.Int64, Rows);
        RandomKeys = Vector(ScalarType.Int64, Rows);
        Ids = Vector(ScalarType.Int64, Rows);
        Counts = Vector(ScalarType.Int64, Rows).fill_(1);
        Done = Vector(ScalarType.Bool, Rows).fill_(true);
        SampledIds = Vector(ScalarType.Int64, Rows, completionTokens + 1);
        SampledLogprobs = Vector(ScalarType.Float32, Rows, completionTokens + 1);
    }

    /// <summary>Some slots of another batch, with all that is in them.</summary>
    /// <param name="from">The other batch.</param>
    /// <param name="kept">[new slots]: which.</param>
    private DeviceBatch(DeviceBatch from, int[] kept)
    {
        (Slots, Group, PromptTokens, CompletionTokens) = (
            kept.Length,
            from.Group,
            from.PromptTokens,
            from.CompletionTokens
        );
        Heads = from.Heads;
        using var scope = NewDisposeScope();
        var device = from.Ids.device;
        var slots = tensor(Array.ConvertAll(kept, slot => (long)slot)).to(device);
        var rows = tensor(RowsOf(kept)).to(device);
        Tensor OfSlots(Tensor tensor) => tensor.index_select(0, slots).DetachFromDisposeScope();
        Tensor OfRows(Tensor tensor) => tensor.index_select(0, rows).DetachFromDisposeScope();
        Layers =
        [
            .. from.Layers.Select(layer => new Layer(
                OfSlots(layer.PromptKeys),
                OfSlots(layer.PromptValues),
                OfSlots(layer.Keys),
                OfSlots(layer.Values)
            )),
        ];
        PromptMask = OfSlots(from.PromptMask);
        PromptLengths = OfRows(from.PromptLengths);
        RandomKeys = OfRows(from.RandomKeys);
        Ids = OfRows(from.Ids);
        Counts = OfRows(from.Counts);
        Done = OfRows(from.Done);
        SampledIds = OfRows(from.SampledIds);
        SampledLogprobs = OfRows(from.SampledLogprobs);
    }

    public HeadShape Heads { get; }
    public int Slots { get; }
    public int Group { get; }
    public int Rows => Slots * Group;
    public int PromptTokens { get; }
    public int CompletionTokens { get; }
    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>[slots, prompt tokens]: −∞ on a prompt's padding, else 0.</summary>
    public Tensor PromptMask { get; }

    /// <summary>[rows], int64.</summary>
    public Tensor PromptLengths { get; }

    /// <summary>[rows], int64: names each row's random numbers.</summary>
    public Tensor RandomKeys { get; }

    /// <summary>[rows], int64: the newest token.</summary>
    public Tensor Ids { get; }

    /// <summary>[rows], int64: tokens sampled so far, the newest included; the cache lacks that one.</summary>
    public Tensor Counts { get; }

    /// <summary>[rows], bool: ended with a stop token or cut at the limit.</summary>
    public Tensor Done { get; }

    /// <summary>[rows, completion tokens + 1], int64; what follows a row's count means nothing.</summary>
    public Tensor SampledIds { get; }

    /// <summary>[rows, completion tokens + 1].</summary>
    public Tensor SampledLogprobs { get; }

    /// <summary>The same batch with fewer slots; this one is disposed.</summary>
    public DeviceBatch Keep(int[] slots)
    {
        var kept = new DeviceBatch(this, slots);
        Dispose();
        return kept;
    }

    /// <summary>The rows of some slots, in order.</summary>
    public long[] RowsOf(IEnumerable<int> slots) =>
        [.. slots.SelectMany(slot => Enumerable.Range(0, Group).Select(i => ((long)slot * Group) + i))];

    public void Dispose()
    {
        foreach (var (promptKeys, promptValues, keys, values) in Layers)
        {
            promptKeys.Dispose();
            promptValues.Dispose();
            keys.Dispose();
            values.Dispose();
        }
        Tensor[] vectors = [PromptMask, PromptLengths, RandomKeys, Ids, Counts, Done, SampledIds, SampledLogprobs];
        foreach (var vector in vectors)
            vector.Dispose();
    }
}
