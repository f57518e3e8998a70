using System.Buffers.Binary;

namespace CLGRPO.Data.Images;

/// <summary>Finds the orientation in EXIF data; anything unreadable counts as upright, as elsewhere.</summary>
/// <remarks>Source: TIFF 6.0 §2; EXIF 2.32, tag 0x0112.</remarks>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;
    private const ushort ShortType = 3;
    private const int EntryBytes = 12;

    /// <param name="tiff">From the byte-order mark on.</param>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || !(tiff.StartsWith("II*\0"u8) || tiff.StartsWith("MM\0*"u8)))
        {
            return 1;
        }
        var littleEndian = tiff[0] == 'I';
        var start = littleEndian
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..])
            : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (start > tiff.Length - 2)
        {
            return 1;
        }
        var directory = tiff[(int)start..];
        var count = ReadShort(directory, littleEndian);
        directory = directory[2..];
        for (var i = 0; i < count && directory.Length >= EntryBytes; i++, directory = directory[EntryBytes..])
        {
            if (ReadShort(directory, littleEndian) == Tag && ReadShort(directory[2..], littleEndian) == ShortType)
            {
                var value = ReadShort(directory[8..], littleEndian);
                return value is >= 1 and <= 8 ? value : 1;
            }
        }
        return 1;
    }

    private static ushort ReadShort(ReadOnlySpan<byte> bytes, bool littleEndian) =>
        littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
