using System.Collections.Concurrent;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>Image tokens of samples before the projector; computed once per image while the vision tower is frozen.</summary>
/// <param name="split">Whose images.</param>
/// <param name="frozen">Whether the vision tower stays as it is for the lifetime of this object.</param>
/// <param name="memoryBytes">Features that are kept, where the model computes; what is beyond is computed again.</param>
public sealed class ImageFeatures(PreparedSplit split, bool frozen, long memoryBytes = 4L << 30) : IDisposable
{
    private const int ImagesAtOnce = 32;
    private readonly ConcurrentDictionary<int, Tensor> _known = new();
    private long _keptBytes;

    /// <param name="model">A replica of the policy; its graph is recorded where the vision tower trains.</param>
    /// <param name="samples">Indexes into the split.</param>
    /// <returns>[image tokens, feature size].</returns>
    public Tensor Of(VisionLanguageModel model, IReadOnlyList<int> samples)
    {
        if (!frozen)
            return is_grad_enabled()
                ? model.ImageFeatures(Tiles(model, samples))
                : cat(Compute(model, samples, ImagesAtOnce));
        int[] missing = [.. samples.Where(sample => !_known.ContainsKey(sample)).Distinct()];
        // One by one: in other company an image's last bits may differ, and a resumed run meets it in other company.
        var computed = Compute(model, missing, imagesAtOnce: 1);
        var fresh = missing.Zip(computed).ToDictionary(pair => pair.First, pair => pair.Second);
        var features = cat([.. samples.Select(sample => fresh.GetValueOrDefault(sample) ?? _known[sample])]);
        foreach (var (sample, tensor) in fresh)
            Keep(sample, tensor);
        return features;
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
                .Select(sample =>
                    (long)split.Images.TileCount(split.Samples[sample].Sample) * model.Config.TokensPerTile
                )
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

    private void Keep(int sample, Tensor features)
    {
        var bytes = features.numel() * features.element_size();
        // Another worker may have computed the same image meanwhile; its values are the same.
        if (Interlocked.Add(ref _keptBytes, bytes) <= memoryBytes && _known.TryAdd(sample, features))
            features.DetachFromDisposeScope();
        else
            Interlocked.Add(ref _keptBytes, -bytes);
    }

    private Tensor Tiles(VisionLanguageModel model, IReadOnlyList<int> samples) =>
        split.Images.Load([.. samples.Select(sample => split.Samples[sample].Sample)]).to(model.Device);

    public void Dispose()
    {
        foreach (var features in _known.Values)
            features.Dispose();
    }
}
