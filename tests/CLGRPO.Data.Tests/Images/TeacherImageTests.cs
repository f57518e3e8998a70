using CLGRPO.Data.Images;

namespace CLGRPO.Data.Tests.Images;

public sealed class TeacherImageTests
{
    [Fact]
    public void Of_SmallOpaquePng_KeepsItsPixels()
    {
        var png = TestPng.Make(8, 8, Ramp(8, 8));

        var image = TeacherImage.Of(png, maxSide: 8);

        Assert.Equal("image/png", image.MediaType);
        Assert.Equal(png, image.Bytes);
        Assert.StartsWith("data:image/png;base64,iVBOR", image.ToDataUrl(), StringComparison.Ordinal);
    }

    // Where a picture was taken and by whom is nobody's business.
    [Fact]
    public void Of_SmallPngWithText_LosesTheText()
    {
        var png = TestPng.Make(8, 8, Ramp(8, 8), TestPng.Chunk("tEXt", "Author\0Somebody"u8));

        Assert.Equal(TestPng.Make(8, 8, Ramp(8, 8)), TeacherImage.Of(png, maxSide: 8).Bytes);
    }

    [Theory]
    [InlineData(64, 32, 16, 16, 8)]
    [InlineData(32, 64, 16, 8, 16)]
    [InlineData(50, 1, 10, 10, 1)]
    [InlineData(17, 17, 16, 16, 16)]
    public void Of_LargePicture_IsShrunkToItsLongerSide(int width, int height, int maxSide, int newWidth, int newHeight)
    {
        var image = TeacherImage.Of(TestPng.Make(width, height, Ramp(width, height)), maxSide);

        var shrunk = ImageDecoder.Decode(image.Bytes);
        Assert.Equal((newWidth, newHeight), (shrunk.Width, shrunk.Height));
    }

    [Fact]
    public void Of_Turned_IsUpright()
    {
        var png = TestPng.Make(4, 2, Ramp(4, 2), TestPng.Chunk("eXIf", TestPng.Exif(6, littleEndian: true)));

        var image = TeacherImage.Of(png, maxSide: 8);

        Assert.Equal(ImageDecoder.Decode(png), ImageDecoder.Decode(image.Bytes), SamePixels);
    }

    [Fact]
    public void Of_Transparent_LiesOnWhite()
    {
        var png = TestPng.Make(
            2,
            1,
            8,
            TestPng.Rgba,
            [
                [255, 0, 0, 255, 0, 0, 0, 0],
            ]
        );

        var image = ImageDecoder.Decode(TeacherImage.Of(png, maxSide: 8).Bytes);

        Assert.Equal([255, 0, 0, 255, 255, 255], image.Pixels);
    }

    [Fact]
    public void Of_LargePhotograph_IsJpeg()
    {
        var noise = new byte[1200 * 900 * 3];
        new Random(1).NextBytes(noise);

        var image = TeacherImage.Of(ImageEncoder.Jpeg(new RgbImage(1200, 900, noise), 95), maxSide: 1024);

        Assert.Equal("image/jpeg", image.MediaType);
        var decoded = ImageDecoder.Decode(image.Bytes);
        Assert.Equal((1024, 768), (decoded.Width, decoded.Height));
    }

    [Fact]
    public void Of_NoPicture_IsRefused() =>
        Assert.Throws<ImageException>(() => TeacherImage.Of("GIF89a"u8, maxSide: 8));

    [Fact]
    public void Png_Written_ReadsTheSame()
    {
        var image = new RgbImage(31, 17, Ramp(31, 17));

        Assert.Equal(image, ImageDecoder.Decode(ImageEncoder.Png(image)), SamePixels);
    }

    [Fact]
    public void Jpeg_Written_ReadsNearly()
    {
        var image = new RgbImage(64, 64, Ramp(64, 64));

        var read = ImageDecoder.Decode(ImageEncoder.Jpeg(image, quality: 95));

        Assert.Equal((64, 64), (read.Width, read.Height));
        Assert.InRange(image.Pixels.Zip(read.Pixels, (a, b) => Math.Abs(a - b)).Average(), 0, 4);
    }

    // The system's SQLite came with libvips' module for slides and took the place of parts of the database's own.
    [Fact]
    public void Png_Written_LoadsNoModulesOfLibvips()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The list of loaded libraries is Linux's.");

        _ = ImageEncoder.Png(new RgbImage(1, 1, [1, 2, 3]));

        var loaded = File.ReadAllText("/proc/self/maps");
        Assert.Contains("libvips.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("vips-modules", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libsqlite3.so", loaded, StringComparison.Ordinal);
    }

    private static bool SamePixels(RgbImage a, RgbImage b) =>
        a.Width == b.Width && a.Height == b.Height && a.Pixels.AsSpan().SequenceEqual(b.Pixels);

    // Smooth, and different in every direction.
    private static byte[] Ramp(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            pixels[i * 3] = (byte)(255 * (i % width) / width);
            pixels[(i * 3) + 1] = (byte)(255 * (i / width) / height);
            pixels[(i * 3) + 2] = 40;
        }
        return pixels;
    }
}
