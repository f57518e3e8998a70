using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace CLGRPO.Data.Images;

/// <summary>Resizes pictures bit for bit as Pillow's bicubic filter: models were trained on exactly these pixels.</summary>
/// <remarks>
/// Source: Pillow, Resample.c, <c>ImagingResample</c>: first along rows, then along columns, 8 bits in between; sums of 22
/// fractional bits, rounded half up and clamped. A pass that would not change the size is left out.
/// </remarks>
internal static class BicubicResampler
{
    private const int Half = 1 << (ResampleWeights.FractionBits - 1);

    public static RgbImage Resize(RgbImage image, int width, int height)
    {
        var pixels = image.Pixels;
        if (width != image.Width)
        {
            pixels = ResizeRows(pixels, image.Width, image.Height, new ResampleWeights(image.Width, width));
        }
        if (height != image.Height)
        {
            pixels = ResizeColumns(pixels, width * 3, new ResampleWeights(image.Height, height));
        }
        return new RgbImage(width, height, pixels);
    }

    // Two rows at a time: a vector holds one pixel of each, as four 32-bit channels (the fourth is unused).
    private static byte[] ResizeRows(byte[] source, int width, int height, ResampleWeights weights)
    {
        var result = new byte[weights.Outputs * height * 3];
        var pair = new Vector256<int>[width];
        var (rowBytes, resultRowBytes) = (width * 3, weights.Outputs * 3);
        for (var y = 0; y < height; y += 2)
        {
            // The last row of an odd height is paired with itself.
            var second = Math.Min(y + 1, height - 1);
            WidenPair(source.AsSpan(y * rowBytes, rowBytes), source.AsSpan(second * rowBytes, rowBytes), pair);
            ResizePair(
                pair,
                weights,
                result.AsSpan(y * resultRowBytes, resultRowBytes),
                result.AsSpan(second * resultRowBytes, resultRowBytes)
            );
        }
        return result;
    }

    private static void WidenPair(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<Vector256<int>> pair)
    {
        for (int x = 0, at = 0; x < pair.Length; x++, at += 3)
        {
            pair[x] = Vector256.Create(
                Vector128.Create(first[at], first[at + 1], first[at + 2], 0),
                Vector128.Create(second[at], second[at + 1], second[at + 2], 0)
            );
        }
    }

    private static void ResizePair(
        ReadOnlySpan<Vector256<int>> pair,
        ResampleWeights weights,
        Span<byte> first,
        Span<byte> second
    )
    {
        for (int x = 0, at = 0; x < weights.Outputs; x++, at += 3)
        {
            var taps = weights.Weights(x);
            var inputs = pair.Slice(weights.Start(x), taps.Length);
            var sum = Vector256.Create(Half);
            for (var tap = 0; tap < taps.Length; tap++)
            {
                sum += inputs[tap] * taps[tap];
            }
            var value = ToByteRange(sum);
            for (var channel = 0; channel < 3; channel++)
            {
                first[at + channel] = (byte)value.GetElement(channel);
                second[at + channel] = (byte)value.GetElement(4 + channel);
            }
        }
    }

    private static byte[] ResizeColumns(byte[] source, int rowBytes, ResampleWeights weights)
    {
        var result = new byte[rowBytes * weights.Outputs];
        for (var y = 0; y < weights.Outputs; y++)
        {
            ResizeColumns(
                source.AsSpan(weights.Start(y) * rowBytes),
                weights.Weights(y),
                result.AsSpan(y * rowBytes, rowBytes)
            );
        }
        return result;
    }

    // One row of results, 32 columns of bytes at a time.
    private static void ResizeColumns(ReadOnlySpan<byte> source, ReadOnlySpan<int> taps, Span<byte> result)
    {
        var x = 0;
        for (; x <= result.Length - Vector256<byte>.Count; x += Vector256<byte>.Count)
        {
            var (a, b, c, d) = (
                Vector256.Create(Half),
                Vector256.Create(Half),
                Vector256.Create(Half),
                Vector256.Create(Half)
            );
            for (var tap = 0; tap < taps.Length; tap++)
            {
                var bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(source[((tap * result.Length) + x)..]));
                var (low, high) = Vector256.Widen(bytes);
                var (low0, low1) = Vector256.Widen(low.AsInt16());
                var (high0, high1) = Vector256.Widen(high.AsInt16());
                a += low0 * taps[tap];
                b += low1 * taps[tap];
                c += high0 * taps[tap];
                d += high1 * taps[tap];
            }
            var lower = Vector256.Narrow(ToByteRange(a), ToByteRange(b)).AsUInt16();
            var upper = Vector256.Narrow(ToByteRange(c), ToByteRange(d)).AsUInt16();
            Vector256.Narrow(lower, upper).CopyTo(result[x..]);
        }
        for (; x < result.Length; x++)
        {
            var sum = Half;
            for (var tap = 0; tap < taps.Length; tap++)
            {
                sum += source[(tap * result.Length) + x] * taps[tap];
            }
            result[x] = (byte)Math.Clamp(sum >> ResampleWeights.FractionBits, 0, 255);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ToByteRange(Vector256<int> sum) =>
        Vector256.Clamp(sum >> ResampleWeights.FractionBits, Vector256<int>.Zero, Vector256.Create(255));
}
