using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>Changes a sample's pixels.</summary>
/// <param name="place">The sample's place in the batch.</param>
/// <param name="tiles">[tiles, 3, size, size], changed in place.</param>
public delegate void AugmentTiles(int place, Span<float> tiles);

/// <summary>Where a split's pixels come from.</summary>
public interface IImageTiles
{
    /// <summary>Tiles of a sample's image, the thumbnail included.</summary>
    int TileCount(Sample sample);

    /// <summary>The tiles of some samples, one after the other.</summary>
    /// <param name="samples">Whose images.</param>
    /// <param name="augment">Changes a sample's pixels; null for none.</param>
    /// <returns>[tiles, 3, size, size], normalised.</returns>
    Tensor Load(IReadOnlyList<Sample> samples, AugmentTiles? augment = null);
}

/// <summary>The images of a data set as normalised tiles. Decoded images stay in memory up to a limit.</summary>
/// <param name="version">Where the images lie.</param>
/// <param name="config">How they are tiled and normalised.</param>
/// <param name="memoryBytes">Decoded pixels that are kept.</param>
public sealed class ImageTiles(
    DatasetVersion version,
    ImagePreprocessorConfig config,
    long memoryBytes = ImageTiles.DefaultMemoryBytes
) : IImageTiles
{
    /// <summary>Decoded pixels that are kept, where nothing else is said.</summary>
    public const long DefaultMemoryBytes = 2L << 30;

    private readonly ImagePreprocessor _preprocessor = new(config);
    private readonly ConcurrentDictionary<string, TiledImage> _decoded = new(StringComparer.Ordinal);
    private long _keptBytes;

    /// <exception cref="ImageException">The image cannot be read; the message names the sample.</exception>
    public int TileCount(Sample sample)
    {
        if (config.MaxTiles == 1)
            return 1;
        var (width, height) = Named(sample, () => ImageDecoder.Size(version.ImagePath(sample)));
        return _preprocessor.CountTiles(width, height);
    }

    public Tensor Load(IReadOnlyList<Sample> samples, AugmentTiles? augment = null)
    {
        var images = samples.Select(Tiled).ToList();
        var tileValues = 3 * config.TileSize * config.TileSize;
        var tiles = empty(
            [images.Sum(image => image.TileCount), 3, config.TileSize, config.TileSize],
            dtype: ScalarType.Float32
        );
        var values = MemoryMarshal.Cast<byte, float>(tiles.bytes); // written in place: an array of this size would be garbage every step
        var filled = 0;
        for (var i = 0; i < images.Count; i++)
        {
            var place = values.Slice(filled, images[i].TileCount * tileValues);
            _preprocessor.Normalize(images[i].Tiles, place);
            augment?.Invoke(i, place);
            filled += place.Length;
        }
        return tiles;
    }

    private TiledImage Tiled(Sample sample)
    {
        if (_decoded.TryGetValue(sample.Image, out var kept))
            return kept;
        var image = Named(sample, () => _preprocessor.Preprocess(ImageDecoder.Decode(version.ImagePath(sample))));
        if (Interlocked.Add(ref _keptBytes, image.Tiles.Length) <= memoryBytes)
            _decoded.TryAdd(sample.Image, image);
        return image;
    }

    private static T Named<T>(Sample sample, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ImageException e)
        {
            throw new ImageException($"Sample '{sample.Id}': {e.Message}");
        }
    }
}
