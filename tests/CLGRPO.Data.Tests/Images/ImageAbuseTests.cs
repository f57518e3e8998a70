using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using CLGRPO.Data.Images;
using CLGRPO.Golden;
using CLGRPO.Training.Tests;

namespace CLGRPO.Data.Tests.Images;

/// <summary>Runs alone: it measures the memory of the process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class ImageAbuseTests
{
    private static readonly string Golden = Path.Combine(GoldenFolder.Find(), "images");

    [Fact]
    [Trait("Id", "A-IMG-1")]
    public void Decode_Bombs_AreRefusedFastAndSmall()
    {
        var bombs = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["1 × 8,000,000 PNG"] = TestPng.Claim(1, 8_000_000),
            ["50,000 × 50,000 PNG"] = TestPng.Claim(50_000, 50_000),
            ["2^31 PNG"] = TestPng.Claim(int.MaxValue, int.MaxValue),
            ["0 × 0 PNG"] = TestPng.Claim(0, 0),
            ["negative PNG"] = TestPng.Claim(-1, -1),
            ["8193 × 1000 PNG"] = TestPng.Claim(8193, 1000),
            ["5001 × 5000 PNG"] = TestPng.Claim(5001, 5000),
            ["51 × 1 PNG"] = TestPng.Claim(51, 1),
            ["1 × 51 PNG"] = TestPng.Claim(1, 51),
            ["65,535² JPEG"] = WithJpegSize(65535, 65535),
            ["height 0 JPEG"] = WithJpegSize(100, 0),
            ["16,777,216² WebP"] = Webp("VP8X", [0, 0, 0, 0, 255, 255, 255, 255, 255, 255]),
            ["16,383² lossy WebP"] = Webp("VP8 ", [0, 0, 0, 0x9D, 1, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F]),
            ["16,384² lossless WebP"] = Webp("VP8L", [0x2F, 0xFF, 0xFF, 0xFF, 0x0F]),
            ["animated WebP"] = Webp("VP8X", [2, 0, 0, 0, 9, 0, 0, 9, 0, 0]),
            ["10,000 frames of WebP"] = Webp(
                "VP8X",
                [0, 0, 0, 0, 9, 0, 0, 9, 0, 0],
                Repeat(WebpChunk("ANMF", new byte[16]), 10_000)
            ),
            ["10,000 frames of APNG"] = TestPng.Make(
                1,
                1,
                new byte[3],
                TestPng.Chunk("acTL", [0, 0, 39, 16, 0, 0, 0, 0])
            ),
            ["PNG that claims more rows than it has"] = TestPng.Claim(4000, 4000),
            ["35-byte BMP"] = [.. "BM"u8, .. new byte[33]],
            ["10,000 scans of JPEG"] = [.. ReadGolden("cat.jpg"), .. Repeat([0xFF, 0xDA, 0, 2], 10_000)],
            ["too many bytes"] = [.. ReadGolden("gray.png"), .. new byte[10 * 1024 * 1024]],
        };
        _ = ImageDecoder.Decode(ReadGolden("gray.png")); // the decoder's own memory is not the bomb's
        foreach (var (name, bytes) in bombs)
        {
            var (memory, clock) = (PeakMemory(), Stopwatch.StartNew());
            Refuses(bytes, name);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), $"{name} took {clock.Elapsed}.");
            Assert.True(PeakMemory() - memory < 200_000_000, $"{name} took {PeakMemory() - memory} bytes.");
        }
    }

    [Theory]
    [Trait("Id", "A-IMG-1")]
    [InlineData(50, 1)]
    [InlineData(1, 50)]
    [InlineData(8192, 164)]
    public void Decode_AtTheLimit_Decodes(int width, int height)
    {
        var image = ImageDecoder.Decode(TestPng.Make(width, height, new byte[width * height * 3]));
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    [Theory]
    [Trait("Id", "A-IMG-1")]
    [InlineData("iCCP")]
    [InlineData("zTXt")]
    [InlineData("iTXt")]
    public void Decode_HugeCompressedText_NeverInflatesIt(string type)
    {
        // 100 MB of zeros in about 100 kB.
        byte[] text = [.. "name\0\0"u8, .. TestPng.Compress(new byte[100_000_000])];
        var png = TestPng.Make(1, 1, [1, 2, 3], TestPng.Chunk(type, text));
        var memory = PeakMemory();
        Assert.Equal([1, 2, 3], ImageDecoder.Decode(png).Pixels);
        Assert.True(PeakMemory() - memory < 50_000_000);
    }

    [Fact]
    [Trait("Id", "A-IMG-1")]
    public void Decode_CutAnywhere_IsRefused()
    {
        foreach (var name in new[] { "gray.png", "palette.png", "orientation-6.jpg", "cmyk.jpg", "lossless.webp" })
        {
            var bytes = ReadGolden(name);
            for (var length = 0; length < bytes.Length - 12; length += Math.Max(1, bytes.Length / 50))
            {
                Refuses(bytes.AsSpan(0, length), $"{name} cut at {length}");
            }
        }
    }

    [Fact]
    [Trait("Id", "A-IMG-1")]
    public void Decode_PngWithWrongCrc_IsRefused()
    {
        var bytes = ReadGolden("gray.png");
        bytes[^20] ^= 1;
        Refuses(bytes, "wrong CRC");
    }

    [Fact]
    [Trait("Id", "A-IMG-1")]
    public void Decode_Timeout_EndsTheWork()
    {
        var png = TestPng.Make(2000, 2000, new byte[12_000_000]);
        var error = Assert.Throws<ImageException>(() =>
            ImageDecoder.Decode(png, new ImageLimits { Timeout = TimeSpan.Zero })
        );
        Assert.Contains("too long", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Id", "A-UP-2")]
    [InlineData("GIF89a")]
    [InlineData("BM")]
    [InlineData("II*\0")]
    [InlineData("%PDF-1.7")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>")]
    [InlineData("<!DOCTYPE html><script>alert(1)</script>")]
    [InlineData("PK\u0003\u0004")]
    [InlineData("RIFF\u0004\0\0\0WAVE")]
    [InlineData("\0\0\0\u0018ftypavif")]
    [InlineData("P6 1 1 255 ")]
    [InlineData("#?RADIANCE")]
    [InlineData("")]
    public void Decode_OtherFormats_AreRefusedByTheirFirstBytes(string start)
    {
        byte[] bytes = [.. Encoding.Latin1.GetBytes(start), .. start.Length > 0 ? ReadGolden("gray.png") : []];
        Refuses(bytes, start);
    }

    [Fact]
    [Trait("Id", "A-UP-2")]
    public void Decode_WrongExtension_DoesNotMatter()
    {
        using var folder = new TemporaryFolder();
        foreach (var (from, to) in new[] { ("gray.png", "x.jpg"), ("cmyk.jpg", "x.html"), ("lossless.webp", "x.svg") })
        {
            var image = ImageDecoder.Decode(folder.File(to, ReadGolden(from)));
            Assert.Equal(ImageDecoder.Decode(Path.Combine(Golden, from)).Pixels, image.Pixels);
        }
        Assert.Throws<ImageException>(() => ImageDecoder.Decode(folder.File("x.png", "<html>"u8)));
    }

    [Fact]
    [Trait("Id", "A-IMG-2")]
    public void Decode_MutatedPictures_DecodesOrIsRefused()
    {
        string[] names =
        [
            "gray.png",
            "palette-transparent.png",
            "gray16.png",
            "alpha.png",
            "orientation-8.jpg",
            "cmyk.jpg",
            "lossless.webp",
            "shapes-1x1.png",
        ];
        var corpus = names.Select(ReadGolden).ToList();
        // A low limit keeps mutants of a picture's size cheap.
        var limits = new ImageLimits { MaxPixels = 1_000_000 };
        Fuzzing.Run(
            corpus,
            2_000,
            bytes =>
            {
                TestPng.MendCrcs(bytes);
                try
                {
                    var image = ImageDecoder.Decode(bytes, limits);
                    Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
                }
                catch (ImageException)
                {
                    // Refused: the other allowed end.
                }
            }
        );
    }

    private static void Refuses(ReadOnlySpan<byte> bytes, string name)
    {
        ImageException? error = null;
        try
        {
            _ = ImageDecoder.Decode(bytes);
        }
        catch (ImageException e)
        {
            error = e;
        }
        Assert.True(error is not null, $"{name} was not refused.");
        // Nothing of the decoder's insides.
        Assert.DoesNotMatch("(?i)vips|libpng|spng|libjpeg|libwebp|0x|/", error.Message);
    }

    private static byte[] ReadGolden(string name) => File.ReadAllBytes(Path.Combine(Golden, name));

    private static byte[] WithJpegSize(ushort width, ushort height)
    {
        var bytes = ReadGolden("cat.jpg");
        var frame = Math.Max(
            bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]),
            bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC2])
        );
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 5), height);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 7), width);
        return bytes;
    }

    private static byte[] Webp(string type, byte[] data, byte[]? more = null)
    {
        byte[] chunks = [.. "WEBP"u8, .. WebpChunk(type, data), .. more ?? []];
        return [.. "RIFF"u8, .. BitConverter.GetBytes(chunks.Length), .. chunks];
    }

    private static byte[] WebpChunk(string type, byte[] data) =>
        [
            .. Encoding.ASCII.GetBytes(type),
            .. BitConverter.GetBytes(data.Length),
            .. data,
            .. new byte[data.Length & 1],
        ];

    private static byte[] Repeat(byte[] bytes, int count) =>
        [.. Enumerable.Repeat(bytes, count).SelectMany(piece => piece)];

    // The most that this process ever held; so the difference shows what the step in between added.
    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
