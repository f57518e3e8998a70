using CLGRPO.Data.Images;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Images;

public sealed class ImagePreprocessorTests
{
    [Theory] // Values of the golden folder's list of grids, and ties: 2 × 1 and 4 × 2 are as near to 16 : 9.
    [InlineData(448, 2240, 448, 2, 1, 2)]
    [InlineData(1792, 2688, 56, 6, 2, 3)]
    [InlineData(3136, 896, 448, 6, 4, 1)]
    [InlineData(1920, 1080, 448, 12, 4, 2)]
    [InlineData(64, 36, 448, 12, 2, 1)]
    [InlineData(1, 1, 448, 12, 1, 1)]
    [InlineData(2000, 2000, 448, 12, 3, 3)]
    public void Choose_Size_GivesNearestGrid(int width, int height, int tile, int most, int columns, int rows) =>
        Assert.Equal(new TileGrid(columns, rows), TileGrid.Choose(width, height, tile, 1, most));

    [Fact]
    public void Choose_MinTiles_LeavesOutSmallerGrids() => Assert.Equal(4, TileGrid.Choose(100, 100, 448, 2, 4).Tiles);

    [Fact]
    public void Preprocess_TwoTiles_CutsRowByRowAndAppendsThumbnail()
    {
        // Left red, right blue; one colour per half, so that resizing leaves the outer columns alone.
        var image = new RgbImage(
            8,
            4,
            [.. Enumerable.Range(0, 32).SelectMany(i => i % 8 < 4 ? new byte[] { 255, 0, 0 } : [0, 0, 255])]
        );
        var tiled = new ImagePreprocessor(new ImagePreprocessorConfig(4, MaxTiles: 2)).Preprocess(image);
        Assert.Equal(new TileGrid(2, 1), tiled.Grid);
        Assert.Equal(3, tiled.TileCount);
        Assert.Equal(3 * 4 * 4 * 3, tiled.Tiles.Length);
        var tiles = tiled.Tiles.Chunk(4 * 4 * 3).ToList();
        Assert.All(tiles[0].Chunk(3), pixel => Assert.Equal([255, 0, 0], pixel));
        Assert.All(tiles[1].Chunk(3), pixel => Assert.Equal([0, 0, 255], pixel));
        Assert.Equal([255, 0, 0], tiles[2][..3]);
        Assert.Equal([0, 0, 255], tiles[2][^3..]);
    }

    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(true, 4, 5)]
    [InlineData(false, 4, 4)]
    public void Preprocess_Thumbnail_ComesOnlyWithSeveralTiles(bool thumbnail, int most, int expected)
    {
        var image = new RgbImage(20, 20, new byte[20 * 20 * 3]);
        var config = new ImagePreprocessorConfig(8, MaxTiles: most, UseThumbnail: thumbnail);
        var preprocessor = new ImagePreprocessor(config);
        Assert.Equal(expected, preprocessor.Preprocess(image).TileCount);
        Assert.Equal(expected, preprocessor.CountTiles(20, 20));
    }

    [Fact]
    public void Normalize_Bytes_GivesChannelsFirst()
    {
        var config = new ImagePreprocessorConfig(2, Mean: [0, 0.5f, 1], Std: [1, 0.5f, 0.25f]);
        byte[] tile = [0, 0, 0, 255, 255, 255, 51, 51, 51, 0, 255, 0];
        var values = new float[24];
        new ImagePreprocessor(config).Normalize([.. tile, .. tile], values);
        float[] expected = [0, 1, 0.2f, 0, -1, 1, -0.6f, 1, -4, 0, -3.2f, -4];
        for (var i = 0; i < 24; i++)
        {
            Assert.Equal(expected[i % 12], values[i], 1e-6f);
        }
    }

    [Fact]
    public void Normalize_LengthsThatDoNotFit_Throws()
    {
        var preprocessor = new ImagePreprocessor(new ImagePreprocessorConfig(2));
        Assert.Throws<ArgumentException>(() => preprocessor.Normalize(new byte[12], new float[11]));
        Assert.Throws<ArgumentException>(() => preprocessor.Normalize(new byte[13], new float[13]));
    }

    [Fact]
    public void Constructor_ConfigThatCannotWork_Throws()
    {
        ImagePreprocessorConfig[] wrong =
        [
            new(0),
            new(MinTiles: 0),
            new(MinTiles: 3, MaxTiles: 2),
            new(MaxTiles: 1000),
            new(Mean: [0, 0]),
            new(Mean: [0, float.NaN, 0]),
            new(Std: [1, 0, 1]),
        ];
        Assert.All(wrong, config => Assert.Throws<ArgumentException>(() => new ImagePreprocessor(config)));
    }

    [Fact]
    public void Resize_AnySizes_EqualsThePlainFormula()
    {
        var sizes = Gen.Choose(1, 70).Four();
        var property = Prop.ForAll(
            sizes.ToArbitrary(),
            size =>
            {
                var (width, height, newWidth, newHeight) = size;
                var pixels = new byte[width * height * 3];
                new Random(width * height).NextBytes(pixels);
                var resized = BicubicResampler.Resize(new RgbImage(width, height, pixels), newWidth, newHeight);
                var rows = Plain(pixels, width, newWidth, (line, i) => ((line * width) + i) * 3, height, swap: false);
                var expected = Plain(
                    rows,
                    height,
                    newHeight,
                    (line, i) => ((i * newWidth) + line) * 3,
                    newWidth,
                    swap: true
                );
                Assert.Equal(expected, resized.Pixels);
            }
        );
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), property);
    }

    // Pillow's resampling of lines, written for reading: no vectors, no tables.
    private static byte[] Plain(byte[] source, int size, int newSize, Func<int, int, int> at, int lines, bool swap)
    {
        var scale = (double)size / newSize;
        var filterScale = Math.Max(1, scale);
        var result = new byte[newSize * lines * 3];
        for (var i = 0; i < newSize; i++)
        {
            var center = (i + 0.5) * scale;
            var first = Math.Max(0, (int)(center - (2 * filterScale) + 0.5));
            var end = Math.Min(size, (int)(center + (2 * filterScale) + 0.5));
            var exact = Enumerable
                .Range(first, end - first)
                .Select(x => Bicubic((x - center + 0.5) / filterScale))
                .ToArray();
            var weights = exact
                .Select(w => (int)Math.Round(w / exact.Sum() * (1 << 22), MidpointRounding.AwayFromZero))
                .ToArray();
            for (var line = 0; line < lines; line++)
            {
                for (var channel = 0; channel < 3; channel++)
                {
                    var sum = (1 << 21) + weights.Select((w, k) => w * source[at(line, first + k) + channel]).Sum();
                    var to = swap ? (i * lines) + line : (line * newSize) + i;
                    result[(to * 3) + channel] = (byte)Math.Clamp(sum >> 22, 0, 255);
                }
            }
        }
        return result;
    }

    private static double Bicubic(double x) =>
        Math.Abs(x) switch
        {
            < 1 and var d => (1.5 * d * d * d) - (2.5 * d * d) + 1,
            < 2 and var d => (-0.5 * d * d * d) + (2.5 * d * d) - (4 * d) + 2,
            _ => 0,
        };
}
