namespace CLGRPO.Data.Images;

/// <summary>Cuts pictures into tiles and turns tiles into the numbers that the vision tower takes.</summary>
/// <remarks>Source: InternVL's dynamic_preprocess; transformers' GotOcr2ImageProcessor.</remarks>
public sealed class ImagePreprocessor
{
    private readonly ImagePreprocessorConfig _config;
    private readonly float[] _normalized; // [3, 256]: the value of each byte in each channel

    /// <exception cref="ArgumentException">A value of <paramref name="config"/> cannot work.</exception>
    public ImagePreprocessor(ImagePreprocessorConfig config)
    {
        config.Check();
        _config = config;
        _normalized = NormalizedValues(config);
    }

    /// <summary>The number of tiles that a picture of this size gives, the thumbnail included.</summary>
    public int CountTiles(int width, int height) => CountTiles(ChooseGrid(width, height));

    /// <summary>Resizes a picture to its grid, cuts it row by row and appends the thumbnail.</summary>
    public TiledImage Preprocess(RgbImage image)
    {
        var grid = ChooseGrid(image.Width, image.Height);
        var tileBytes = _config.TileSize * _config.TileSize * 3;
        var count = CountTiles(grid);
        var tiles = new byte[count * tileBytes];
        var resized = BicubicResampler.Resize(image, grid.Columns * _config.TileSize, grid.Rows * _config.TileSize);
        CopyTiles(resized, grid, tiles);
        if (count > grid.Tiles)
        {
            var thumbnail = BicubicResampler.Resize(image, _config.TileSize, _config.TileSize);
            thumbnail.Pixels.CopyTo(tiles, grid.Tiles * tileBytes);
        }
        return new TiledImage(tiles, count, _config.TileSize, grid);
    }

    /// <summary>(x / 255 − mean) / std of every value, channels first.</summary>
    /// <param name="tiles">[tiles, tileSize, tileSize, 3].</param>
    /// <param name="destination">[tiles, 3, tileSize, tileSize].</param>
    /// <exception cref="ArgumentException">The lengths differ or are no whole number of tiles.</exception>
    public void Normalize(ReadOnlySpan<byte> tiles, Span<float> destination)
    {
        var plane = _config.TileSize * _config.TileSize;
        if (tiles.Length != destination.Length || tiles.Length % (3 * plane) != 0)
        {
            throw new ArgumentException(
                $"{tiles.Length} bytes do not fill {destination.Length} floats in whole tiles of {3 * plane}.",
                nameof(destination)
            );
        }
        for (var start = 0; start < tiles.Length; start += 3 * plane)
        {
            var tile = tiles.Slice(start, 3 * plane);
            for (var channel = 0; channel < 3; channel++)
            {
                var values = _normalized.AsSpan(channel * 256, 256);
                var output = destination.Slice(start + (channel * plane), plane);
                for (int i = 0, at = channel; i < output.Length; i++, at += 3)
                {
                    output[i] = values[tile[at]];
                }
            }
        }
    }

    private TileGrid ChooseGrid(int width, int height) =>
        TileGrid.Choose(width, height, _config.TileSize, _config.MinTiles, _config.MaxTiles);

    private int CountTiles(TileGrid grid) => grid.Tiles + (_config.UseThumbnail && grid.Tiles != 1 ? 1 : 0);

    private void CopyTiles(RgbImage resized, TileGrid grid, Span<byte> tiles)
    {
        var rowBytes = _config.TileSize * 3;
        var source = resized.Pixels.AsSpan();
        for (var y = 0; y < resized.Height; y++)
        {
            var (gridRow, tileRow) = Math.DivRem(y, _config.TileSize);
            for (var column = 0; column < grid.Columns; column++)
            {
                var tile = (gridRow * grid.Columns) + column;
                var to = ((tile * _config.TileSize) + tileRow) * rowBytes;
                source[..rowBytes].CopyTo(tiles[to..]);
                source = source[rowBytes..];
            }
        }
    }

    private static float[] NormalizedValues(ImagePreprocessorConfig config)
    {
        var values = new float[3 * 256];
        for (var i = 0; i < values.Length; i++)
        {
            var (channel, value) = Math.DivRem(i, 256);
            values[i] = (float)(((value / 255.0) - config.Mean[channel]) / config.Std[channel]);
        }
        return values;
    }
}
