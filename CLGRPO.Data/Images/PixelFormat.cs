using System.Runtime.InteropServices;

namespace CLGRPO.Data.Images;

/// <summary>How the decoder lays out a pixel, and the way from there to RGB.</summary>
/// <param name="Bands">1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha or CMYK.</param>
/// <param name="BandFormat">libvips' VipsBandFormat.</param>
/// <param name="Interpretation">libvips' VipsInterpretation.</param>
internal readonly record struct PixelFormat(int Bands, int BandFormat, int Interpretation)
{
    private const int UChar = 0;
    private const int UShort = 2;
    private const int Cmyk = 15;

    public bool IsKnown => Bands is >= 1 and <= 4 && BandFormat is UChar or UShort && !(IsCmyk && Bands != 4);

    public int BytesPerPixel => BandFormat == UShort ? 2 * Bands : Bands;

    private bool IsCmyk => Interpretation == Cmyk;

    /// <summary>Converts one pixel of 8-bit bands.</summary>
    public (byte R, byte G, byte B) ToRgb(ReadOnlySpan<byte> pixel) =>
        Bands switch
        {
            1 => (pixel[0], pixel[0], pixel[0]),
            2 => OverWhite(pixel[0], pixel[0], pixel[0], pixel[1]),
            3 => (pixel[0], pixel[1], pixel[2]),
            _ when IsCmyk => (Ink(pixel[0], pixel[3]), Ink(pixel[1], pixel[3]), Ink(pixel[2], pixel[3])),
            _ => OverWhite(pixel[0], pixel[1], pixel[2], pixel[3]),
        };

    /// <summary>A row as 8-bit bands; 16-bit bands keep their upper byte.</summary>
    public ReadOnlySpan<byte> To8Bits(ReadOnlySpan<byte> row, Span<byte> buffer)
    {
        if (BandFormat != UShort)
        {
            return row;
        }
        var wide = MemoryMarshal.Cast<byte, ushort>(row);
        for (var i = 0; i < wide.Length; i++)
        {
            buffer[i] = (byte)(wide[i] >> 8);
        }
        return buffer[..wide.Length];
    }

    private static (byte R, byte G, byte B) OverWhite(int r, int g, int b, int alpha) =>
        (Blend(r, alpha), Blend(g, alpha), Blend(b, alpha));

    private static byte Blend(int value, int alpha) => (byte)(((value * alpha) + (255 * (255 - alpha)) + 127) / 255);

    private static byte Ink(int colour, int black) => (byte)((((255 - colour) * (255 - black)) + 127) / 255);
}
