using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>
/// Image tokens of samples before the projector. While the vision tower is frozen an image is computed once and kept; where
/// memory does not hold them all, those that were not asked for the longest make way.
/// </summary>
/// <param name="split">Whose images.</param>
/// <param name="frozen">Whether the vision tower stays as it is for the lifetime of this object.</param>
/// <param name="memoryBytes">Features that are kept.</param>
public sealed class ImageFeatures(PreparedSplit split, bool frozen, long memoryBytes = ImageFeatures.DefaultMemoryBytes)
    : IDisposable
{
    /// <summary>Features that are kept, where nothing else is said.</summary>
    public const long DefaultMemoryBytes = 2L << 30;

    private const int ImagesAtOnce = 32;

    // Patches whose layer is computed at once: what a layer of a 300M tower leaves behind for as many is 2 GB.
    private const int PatchesAtOnce = 8192;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, LinkedListNode<(int Sample, Tensor Features)>> _known = [];
    private readonly LinkedList<(int Sample, Tensor Features)> _byUse = [];
    private long _keptBytes;

    /// <param name="model">A replica of the policy; its graph is recorded where the vision tower trains.</param>
    /// <param name="samples">Indexes into the split.</param>
    /// <param name="tape">Keeps the layers' inputs in place of that graph; null for the graph.</param>
    /// <returns>[image tokens, feature size].</returns>
    /// <exception cref="ModelException">A sample has another number of image tokens than of image features; it is named.</exception>
    public Tensor Of(VisionLanguageModel model, IReadOnlyList<int> samples, LayerTape? tape = null)
    {
        split.RequireImageTokens(samples, model.Config);
        if (!frozen)
            return is_grad_enabled()
                ? model.ImageFeatures(Tiles(model, samples), tape)
                : cat(Compute(model, samples, Math.Clamp(PatchesAtOnce / PatchesOf(model, samples), 1, ImagesAtOnce)));
        var features = Known(samples);
        int[] missing = [.. samples.Where(sample => !features.ContainsKey(sample)).Distinct()];
        // One by one: in other company an image's last bits may differ, and a resumed run meets it in other company.
        var computed = Compute(model, missing, imagesAtOnce: 1);
        for (var i = 0; i < missing.Length; i++)
        {
            features[missing[i]] = computed[i];
            Keep(missing[i], computed[i]);
        }
        return cat([.. samples.Select(sample => features[sample])]);
    }

    /// <summary>Patches an image has at most.</summary>
    private int PatchesOf(VisionLanguageModel model, IReadOnlyList<int> samples)
    {
        var vision = model.Config.Vision;
        return samples.Max(sample => split.Samples[sample].Tiles) * vision.PatchesPerSide * vision.PatchesPerSide;
    }

    /// <summary>Features without a graph, a few images at a time: what a layer leaves behind is gone before the next images come.</summary>
    private List<Tensor> Compute(VisionLanguageModel model, IReadOnlyList<int> samples, int imagesAtOnce)
    {
        using var noGrad = no_grad();
        var features = new List<Tensor>();
        foreach (var chunk in samples.Chunk(imagesAtOnce))
        {
            using var scope = NewDisposeScope();
            var tokens = chunk
                .Select(sample => (long)split.Samples[sample].Tiles * model.Config.TokensPerTile)
                .ToArray();
            features.AddRange(
                model
                    .ImageFeatures(Tiles(model, chunk))
                    .split(tokens)
                    .Select(piece => piece.clone().MoveToOuterDisposeScope())
            );
        }
        return features;
    }

    /// <summary>Handles of their own: another worker's new image may push these out meanwhile.</summary>
    private Dictionary<int, Tensor> Known(IReadOnlyList<int> samples)
    {
        var found = new Dictionary<int, Tensor>();
        lock (_lock)
        {
            foreach (var sample in samples.Distinct())
            {
                if (!_known.TryGetValue(sample, out var node))
                    continue;
                _byUse.Remove(node);
                _byUse.AddLast(node);
                found[sample] = node.Value.Features.detach();
            }
        }
        return found;
    }

    private void Keep(int sample, Tensor features)
    {
        lock (_lock)
        {
            // Another worker may have computed the same image meanwhile; its values are the same.
            if (_known.ContainsKey(sample))
                return;
            _known[sample] = _byUse.AddLast((sample, features.detach().DetachFromDisposeScope()));
            _keptBytes += BytesOf(features);
            while (_keptBytes > memoryBytes && _byUse.First is { } oldest)
            {
                _byUse.RemoveFirst();
                _known.Remove(oldest.Value.Sample);
                _keptBytes -= BytesOf(oldest.Value.Features);
                oldest.Value.Features.Dispose();
            }
        }
    }

    private static long BytesOf(Tensor features) => features.numel() * features.element_size();

    private Tensor Tiles(VisionLanguageModel model, IReadOnlyList<int> samples) =>
        split.LoadTiles(samples, model.Config).to(model.Device);

    public void Dispose()
    {
        foreach (var (_, features) in _byUse)
            features.Dispose();
    }
}
