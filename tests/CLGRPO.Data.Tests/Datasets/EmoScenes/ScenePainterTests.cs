using System.Buffers.Binary;
using System.IO.Compression;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Datasets.EmoScenes.Drawing;

namespace CLGRPO.Data.Tests.Datasets.EmoScenes;

public class ScenePainterTests
{
    private static readonly EmoScenesConfig Clean = new() { Noise = 0, JitterPixels = 0 };

    [Fact]
    public void Write_Png_HasTheSizesChecksumsAndPixelsOfItsFormat()
    {
        var rgb = new byte[300 * 100 * 3]; // more than one stored block
        for (var i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)(i * 7 / 3);

        Assert.Equal(rgb, Decode(PngWriter.Write(rgb, 300, 100), out var width, out var height));
        Assert.Equal((300, 100), (width, height));
    }

    [Fact]
    public void PaintPng_SameStream_GivesTheSameBytes() =>
        Assert.Equal(
            ScenePainter.PaintPng(new(), [0, 1, 2, 3, 4, 5], new CounterRandom(5)),
            ScenePainter.PaintPng(new(), [0, 1, 2, 3, 4, 5], new CounterRandom(5))
        );

    // Two pictures that differ in one attribute differ in most pixels of that attribute's card: a patch of 8 pixels sees a difference.
    [Theory]
    [InlineData(3, 0, 0)]
    [InlineData(4, 40, 0)]
    [InlineData(5, 0, 40)]
    public void PaintPng_EveryPairOfValues_DiffersClearlyInItsCard(int attribute, int left, int top)
    {
        for (var a = 0; a < Affinities.Values(attribute); a++)
        {
            for (var b = 0; b < a; b++)
                Assert.True(
                    Distance(Paint(attribute, a), Paint(attribute, b), left, top, 24) > 0.08,
                    $"{Affinities.Name(attribute, a)} looks like {Affinities.Name(attribute, b)}"
                );
        }
    }

    [Fact]
    public void PaintPng_EveryPairOfScenes_DiffersClearlyWhereNoCardIs()
    {
        for (var a = 0; a < Affinities.Values(Affinities.Scene); a++)
        {
            for (var b = 0; b < a; b++)
                Assert.True(
                    Distance(Paint(Affinities.Scene, a), Paint(Affinities.Scene, b), 24, 24, 40) > 0.08,
                    $"{Affinities.Name(Affinities.Scene, a)} looks like {Affinities.Name(Affinities.Scene, b)}"
                );
        }
    }

    [Fact]
    public void PaintPng_BrightnessAndColorfulness_LieInTheirRangesForEveryScene()
    {
        (double Low, double High)[] luma = [(0.18, 0.30), (0.40, 0.52), (0.63, 0.78)];
        (double Low, double High)[] chroma = [(0, 0.05), (0.09, 0.20), (0.24, 0.48)];
        for (var scene = 0; scene < Affinities.Values(Affinities.Scene); scene++)
        {
            for (var brightness = 0; brightness < 3; brightness++)
            {
                for (var colorfulness = 0; colorfulness < 3; colorfulness++)
                {
                    var (meanLuma, meanChroma) = Measure(
                        Decode(
                            ScenePainter.PaintPng(
                                Clean,
                                [brightness, colorfulness, scene, -1, -1, -1],
                                new CounterRandom(9, (ulong)scene)
                            ),
                            out _,
                            out _
                        )
                    );
                    Assert.InRange(meanLuma, luma[brightness].Low, luma[brightness].High);
                    Assert.InRange(meanChroma, chroma[colorfulness].Low, chroma[colorfulness].High);
                }
            }
        }
    }

    private static byte[] Paint(int attribute, int value)
    {
        int[] values = [1, 1, 0, -1, -1, -1];
        values[attribute] = value;
        return Decode(ScenePainter.PaintPng(Clean, values, new CounterRandom(1)), out _, out _);
    }

    // Mean absolute difference in a square, where 1 is black against white.
    private static double Distance(byte[] a, byte[] b, int left, int top, int size)
    {
        var sum = 0.0;
        for (var y = top; y < top + size; y++)
        {
            for (var x = left * 3; x < (left + size) * 3; x++)
                sum += Math.Abs(a[(y * 64 * 3) + x] - b[(y * 64 * 3) + x]) / 255.0;
        }
        return sum / (size * size * 3);
    }

    private static (double Luma, double Chroma) Measure(byte[] rgb)
    {
        var (luma, chroma) = (0.0, 0.0);
        for (var i = 0; i < rgb.Length; i += 3)
        {
            luma += ((0.299 * rgb[i]) + (0.587 * rgb[i + 1]) + (0.114 * rgb[i + 2])) / 255;
            chroma +=
                (
                    Math.Max(rgb[i], Math.Max(rgb[i + 1], rgb[i + 2]))
                    - Math.Min(rgb[i], Math.Min(rgb[i + 1], rgb[i + 2]))
                ) / 255.0;
        }
        return (luma / (rgb.Length / 3), chroma / (rgb.Length / 3));
    }

    // A reader of its own: .NET's zlib checks the data, a bitwise CRC the chunks.
    private static byte[] Decode(byte[] png, out int width, out int height)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        (width, height) = (
            BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)),
            BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))
        );
        using var data = new MemoryStream();
        for (var at = 8; at < png.Length; )
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            Assert.Equal(
                BitwiseCrc(png.AsSpan(at + 4, length + 4)),
                BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length))
            );
            if (png.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8))
                data.Write(png.AsSpan(at + 8, length));
            at += length + 12;
        }
        data.Position = 0;
        using var raw = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionMode.Decompress))
            zlib.CopyTo(raw);
        var (rows, stride) = (raw.ToArray(), (width * 3) + 1);
        return [.. Enumerable.Range(0, height).SelectMany(y => rows[((y * stride) + 1)..((y + 1) * stride)])];
    }

    private static uint BitwiseCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
