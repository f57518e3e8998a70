using System.Buffers.Binary;

namespace CLGRPO.Data.Images;

/// <summary>Walks the segments of a JPEG.</summary>
/// <remarks>Source: ITU-T T.81, annex B; EXIF 2.32 §4.7.2.</remarks>
internal static class JpegContainer
{
    private const byte StartOfScan = 0xDA;
    private const byte App0 = 0xE0;
    private const byte App1 = 0xE1;
    private const byte AppAdobe = 0xEE;
    private const byte App15 = 0xEF;
    private const byte Comment = 0xFE;

    public static ReadOnlySpan<byte> Magic => [0xFF, 0xD8, 0xFF];

    private static ReadOnlySpan<byte> ExifMagic => "Exif\0\0"u8;

    /// <summary>Keeps what the decoder needs of the segments before the first scan, and all that follows.</summary>
    public static EncodedImage Read(ReadOnlySpan<byte> jpeg, ImageLimits limits)
    {
        using var kept = new MemoryStream(jpeg.Length);
        kept.Write(jpeg[..2]);
        var (width, height, orientation) = (0, 0, 1);
        var rest = jpeg[2..];
        byte marker;
        do
        {
            var segment = Next(ref rest);
            marker = segment[1];
            if (IsFrame(marker))
            {
                (width, height) = ReadSize(segment);
            }
            if (marker == App1 && segment[4..].StartsWith(ExifMagic))
            {
                orientation = ExifOrientation.Read(segment[(4 + ExifMagic.Length)..]);
            }
            if (IsNeeded(marker))
            {
                kept.Write(segment);
            }
        } while (marker != StartOfScan);
        if (width == 0)
        {
            throw ImageException.Damaged("JPEG");
        }
        limits.CheckSize(width, height);
        limits.CheckScans(1 + CountScans(rest), width, height);
        kept.Write(rest);
        return new EncodedImage("JPEG", "jpegload_buffer", width, height, orientation, kept.ToArray());
    }

    // One segment: 0xFF, marker, two bytes of length, content. Any number of 0xFF may stand before it.
    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        while (rest.Length >= 2 && rest[0] == 0xFF && rest[1] == 0xFF)
        {
            rest = rest[1..];
        }
        if (rest.Length < 4 || rest[0] != 0xFF || !HasLength(rest[1]))
        {
            throw ImageException.Damaged("JPEG");
        }
        var length = 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (length < 4 || length > rest.Length)
        {
            throw ImageException.Damaged("JPEG");
        }
        var segment = rest[..length];
        rest = rest[length..];
        return segment;
    }

    // Before the first scan only segments with a length are legal: no restart, start or end of an image.
    private static bool HasLength(byte marker) => marker is >= 0xC0 and not (>= 0xD0 and <= 0xD9);

    // SOF0 to SOF15; the gaps are tables.
    private static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    // JFIF and Adobe say how the colours are coded; all else of the application's is a stranger's data.
    private static bool IsNeeded(byte marker) =>
        marker is App0 or AppAdobe || (marker is not (>= App0 and <= App15) && marker != Comment);

    private static (int Width, int Height) ReadSize(ReadOnlySpan<byte> frame) =>
        frame.Length >= 10
            ? (BinaryPrimitives.ReadUInt16BigEndian(frame[7..]), BinaryPrimitives.ReadUInt16BigEndian(frame[5..]))
            : throw ImageException.Damaged("JPEG");

    // In coded data 0xFF is followed by 0; so this finds markers only.
    private static int CountScans(ReadOnlySpan<byte> rest)
    {
        var scans = 0;
        for (int at; (at = rest.IndexOf([(byte)0xFF, StartOfScan])) >= 0; rest = rest[(at + 2)..])
        {
            scans++;
        }
        return scans;
    }
}
