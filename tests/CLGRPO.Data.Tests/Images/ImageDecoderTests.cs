using CLGRPO.Data.Images;
using CLGRPO.Golden;

namespace CLGRPO.Data.Tests.Images;

/// <summary>What pixels come out. Pictures of cameras and encoders are walked by the golden numbers.</summary>
public sealed class ImageDecoderTests
{
    // Six pixels of their own: 1 2 3 / 4 5 6.
    private static readonly byte[] Six = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6];

    [Theory] // Source: EXIF 2.32, tag 0x0112: where the stored row 0 and column 0 lie.
    [InlineData(1, 3, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData(2, 3, new byte[] { 3, 2, 1, 6, 5, 4 })]
    [InlineData(3, 3, new byte[] { 6, 5, 4, 3, 2, 1 })]
    [InlineData(4, 3, new byte[] { 4, 5, 6, 1, 2, 3 })]
    [InlineData(5, 2, new byte[] { 1, 4, 2, 5, 3, 6 })]
    [InlineData(6, 2, new byte[] { 4, 1, 5, 2, 6, 3 })]
    [InlineData(7, 2, new byte[] { 6, 3, 5, 2, 4, 1 })]
    [InlineData(8, 2, new byte[] { 3, 6, 2, 5, 1, 4 })]
    public void Decode_Orientation_TurnsUpright(byte orientation, int width, byte[] pixels)
    {
        foreach (var littleEndian in new[] { false, true })
        {
            var exif = TestPng.Chunk("eXIf", TestPng.Exif(orientation, littleEndian));
            var image = ImageDecoder.Decode(TestPng.Make(3, 2, Six, exif));
            Assert.Equal((width, 6 / width), (image.Width, image.Height));
            Assert.Equal(pixels, image.Pixels.Where((_, i) => i % 3 == 0));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void Decode_UnknownOrientation_IsUpright(byte orientation)
    {
        var exif = TestPng.Chunk("eXIf", TestPng.Exif(orientation, littleEndian: true));
        Assert.Equal(Six, ImageDecoder.Decode(TestPng.Make(3, 2, Six, exif)).Pixels);
    }

    [Theory]
    [InlineData(1, new byte[] { 0b01000000 }, new byte[] { 0, 255 })]
    [InlineData(2, new byte[] { 0b01100000 }, new byte[] { 85, 170 })]
    [InlineData(4, new byte[] { 0x1F }, new byte[] { 17, 255 })]
    [InlineData(8, new byte[] { 7, 200 }, new byte[] { 7, 200 })]
    [InlineData(16, new byte[] { 7, 255, 200, 0 }, new byte[] { 7, 200 })]
    public void Decode_Grey_FillsTheRangeOfAByte(byte bitDepth, byte[] row, byte[] expected)
    {
        var image = ImageDecoder.Decode(TestPng.Make(2, 1, bitDepth, TestPng.Grey, [row]));
        Assert.Equal(expected.SelectMany(grey => new[] { grey, grey, grey }), image.Pixels);
    }

    [Fact]
    public void Decode_Palette_LooksUpColoursAndTheirTransparency()
    {
        var palette = TestPng.Chunk("PLTE", [10, 20, 30, 40, 50, 60]);
        var opaque = TestPng.Make(
            2,
            1,
            8,
            TestPng.Palette,
            [
                [1, 0],
            ],
            palette
        );
        Assert.Equal([40, 50, 60, 10, 20, 30], ImageDecoder.Decode(opaque).Pixels);
        var alpha = TestPng.Chunk("tRNS", [0]);
        var transparent = TestPng.Make(
            2,
            1,
            8,
            TestPng.Palette,
            [
                [1, 0],
            ],
            palette,
            alpha
        );
        Assert.Equal([40, 50, 60, 255, 255, 255], ImageDecoder.Decode(transparent).Pixels);
    }

    [Fact]
    public void Decode_Transparent_LiesOverWhite()
    {
        byte[] row = [100, 0, 255, 255, 100, 0, 255, 0, 100, 0, 255, 51];
        var image = ImageDecoder.Decode(TestPng.Make(3, 1, 8, TestPng.Rgba, [row]));
        // 51 is a fifth: 0.2 · 100 + 0.8 · 255 = 224.
        Assert.Equal([100, 0, 255, 255, 255, 255, 224, 204, 255], image.Pixels);
    }

    [Fact]
    public void Decode_16BitRgb_KeepsTheUpperByte()
    {
        var image = ImageDecoder.Decode(
            TestPng.Make(
                1,
                1,
                16,
                TestPng.Rgb,
                [
                    [1, 255, 2, 128, 3, 0],
                ]
            )
        );
        Assert.Equal([1, 2, 3], image.Pixels);
    }

    [Fact]
    public void Decode_ManyAtOnce_GivesEachItsOwn()
    {
        var paths = Directory.GetFiles(Path.Combine(GoldenFolder.Find(), "images"), "*.*g");
        Assert.NotEmpty(paths);
        var alone = paths.Select(path => ImageDecoder.Decode(path).Pixels).ToArray();
        Parallel.For(
            0,
            paths.Length * 4,
            i => Assert.Equal(alone[i % paths.Length], ImageDecoder.Decode(paths[i % paths.Length]).Pixels)
        );
    }

    [Fact]
    public void Decode_StripsOfRows_GiveTheWholePicture()
    {
        // Above a million pixels the picture comes in strips.
        const int Width = 1500;
        const int Height = 1501;
        var rgb = new byte[Width * Height * 3];
        new Random(1).NextBytes(rgb.AsSpan(rgb.Length - 9000));
        for (var y = 0; y < Height; y++)
        {
            rgb[y * Width * 3] = (byte)y;
        }
        var image = ImageDecoder.Decode(TestPng.Make(Width, Height, rgb));
        Assert.True(rgb.AsSpan().SequenceEqual(image.Pixels));
    }
}
