using System.Collections.Concurrent;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>Image tokens of samples before the projector; computed once per image while the vision tower is frozen.</summary>
/// <param name="split">Whose images.</param>
/// <param name="frozen">Whether the vision tower stays as it is for the lifetime of this object.</param>
public sealed class ImageFeatures(PreparedSplit split, bool frozen) : IDisposable
{
    private readonly ConcurrentDictionary<int, Tensor> _known = new();

    /// <param name="model">A replica of the policy; its graph is recorded where the vision tower trains.</param>
    /// <param name="samples">Indexes into the split.</param>
    /// <returns>[image tokens, feature size].</returns>
    public Tensor Of(VisionLanguageModel model, IReadOnlyList<int> samples)
    {
        if (!frozen)
            return model.ImageFeatures(Tiles(model, samples));
        int[] missing = [.. samples.Where(sample => !_known.ContainsKey(sample)).Distinct()];
        if (missing.Length > 0)
            Compute(model, missing);
        return cat([.. samples.Select(sample => _known[sample])]);
    }

    private void Compute(VisionLanguageModel model, int[] samples)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var chunk in samples.Chunk(64))
        {
            var features = model.ImageFeatures(Tiles(model, chunk));
            var tokens = chunk.Select(sample => (long)split.Images.TileCount(split.Samples[sample].Sample) * model.Config.TokensPerTile).ToArray();
            var pieces = features.split(tokens);
            for (var i = 0; i < chunk.Length; i++)
                Keep(chunk[i], pieces[i].clone());
        }
    }

    private void Keep(int sample, Tensor features)
    {
        // Another worker may have computed the same image meanwhile; its values are the same.
        if (_known.TryAdd(sample, features))
            features.DetachFromDisposeScope();
    }

    private Tensor Tiles(VisionLanguageModel model, IReadOnlyList<int> samples) => split.Images.Load([.. samples.Select(sample => split.Samples[sample].Sample)]).to(model.Device);

    public void Dispose()
    {
        foreach (var features in _known.Values)
            features.Dispose();
    }
}
