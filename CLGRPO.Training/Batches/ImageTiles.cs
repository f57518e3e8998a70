using System.Collections.Concurrent;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Images;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>The images of a data set as normalised tiles. Decoded images stay in memory up to a limit.</summary>
/// <param name="version">Where the images lie.</param>
/// <param name="config">How they are tiled and normalised.</param>
/// <param name="memoryBytes">Decoded pixels that are kept.</param>
public sealed class ImageTiles(DatasetVersion version, ImagePreprocessorConfig config, long memoryBytes = 2L << 30)
{
    private readonly ImagePreprocessor _preprocessor = new(config);
    private readonly ConcurrentDictionary<string, TiledImage> _decoded = new(StringComparer.Ordinal);
    private long _keptBytes;

    /// <exception cref="ImageException">The image cannot be read; the message names the sample.</exception>
    public int TileCount(Sample sample) => config.MaxTiles == 1 ? 1 : Tiled(sample).TileCount;

    /// <summary>The tiles of some samples, one after the other.</summary>
    /// <param name="samples">Whose images.</param>
    /// <param name="augment">Changes a sample's pixels: its place in <paramref name="samples"/> and its [tiles, 3, size, size] values; null for none.</param>
    /// <returns>[tiles, 3, size, size].</returns>
    public Tensor Load(IReadOnlyList<Sample> samples, Action<int, Span<float>>? augment = null)
    {
        var images = samples.Select(Tiled).ToList();
        var tileValues = 3 * config.TileSize * config.TileSize;
        var values = new float[images.Sum(image => image.TileCount) * tileValues];
        var filled = 0;
        for (var i = 0; i < images.Count; i++)
        {
            var place = values.AsSpan(filled, images[i].TileCount * tileValues);
            _preprocessor.Normalize(images[i].Tiles, place);
            augment?.Invoke(i, place);
            filled += place.Length;
        }
        return tensor(values, [values.Length / tileValues, 3, config.TileSize, config.TileSize]);
    }

    private TiledImage Tiled(Sample sample)
    {
        if (_decoded.TryGetValue(sample.Image, out var kept))
            return kept;
        TiledImage image;
        try
        {
            image = _preprocessor.Preprocess(ImageDecoder.Decode(version.ImagePath(sample)));
        }
        catch (ImageException e)
        {
            throw new ImageException($"Sample '{sample.Id}': {e.Message}");
        }
        if (Interlocked.Add(ref _keptBytes, image.Tiles.Length) <= memoryBytes)
            _decoded.TryAdd(sample.Image, image);
        return image;
    }
}
