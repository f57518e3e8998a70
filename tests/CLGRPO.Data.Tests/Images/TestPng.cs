using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CLGRPO.Data.Tests.Images;

/// <summary>PNG files put together chunk by chunk, so that tests can claim what no encoder would write.</summary>
internal static class TestPng
{
    public const byte Grey = 0;
    public const byte Rgb = 2;
    public const byte Palette = 3;
    public const byte Rgba = 6;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>A PNG whose rows are given without their filter byte; <paramref name="extra"/> stands before the pixels.</summary>
    public static byte[] Make(
        int width,
        int height,
        byte bitDepth,
        byte colorType,
        byte[][] rows,
        params byte[][] extra
    ) =>
        [
            .. Magic,
            .. Header(width, height, bitDepth, colorType),
            .. extra.SelectMany(chunk => chunk),
            .. Chunk("IDAT", Compress([.. rows.SelectMany(row => (byte[])[0, .. row])])),
            .. Chunk("IEND", []),
        ];

    /// <summary>A PNG of 8-bit RGB pixels, [height, width, 3].</summary>
    public static byte[] Make(int width, int height, byte[] rgb, params byte[][] extra) =>
        Make(width, height, 8, Rgb, [.. rgb.Chunk(width * 3)], extra);

    /// <summary>A PNG that claims a size and holds hardly any pixels.</summary>
    public static byte[] Claim(int width, int height) =>
        [.. Magic, .. Header(width, height, 8, Rgb), .. Chunk("IDAT", Compress(new byte[10])), .. Chunk("IEND", [])];

    public static byte[] Chunk(string type, ReadOnlySpan<byte> data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    /// <summary>Writes the right CRC into every chunk that can be found, so that mutants get past it.</summary>
    public static void MendCrcs(Span<byte> png)
    {
        for (var at = Magic.Length; at + 12 <= png.Length; )
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12)
            {
                return;
            }
            var end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(png[end..], Crc(png[(at + 4)..end]));
            at = end + 4;
        }
    }

    public static byte[] Compress(ReadOnlySpan<byte> bytes)
    {
        using var result = new MemoryStream();
        using (var zlib = new ZLibStream(result, CompressionLevel.SmallestSize))
        {
            zlib.Write(bytes);
        }
        return result.ToArray();
    }

    /// <summary>EXIF data with nothing but an orientation.</summary>
    public static byte[] Exif(byte orientation, bool littleEndian) =>
        littleEndian
            ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
            : [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    private static byte[] Header(int width, int height, byte bitDepth, byte colorType)
    {
        var data = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(data, width);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4), height);
        (data[8], data[9]) = (bitDepth, colorType);
        return Chunk("IHDR", data);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }
        return ~crc;
    }
}
