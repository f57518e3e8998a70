using System.Buffers.Binary;

namespace CLGRPO.Data.Images;

/// <summary>Walks the chunks of a PNG.</summary>
/// <remarks>Source: PNG specification, third edition, §5 and §11.</remarks>
internal static class PngContainer
{
    private const int ChunkOverhead = 12; // length, type and CRC

    private static readonly uint[] CrcTable = MakeCrcTable();

    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Checks every chunk's CRC and keeps only those that pixels are made of.</summary>
    public static EncodedImage Read(ReadOnlySpan<byte> png)
    {
        using var kept = new MemoryStream(png.Length);
        kept.Write(Magic);
        var (width, height, orientation) = (0, 0, 1);
        var ended = false;
        for (var rest = png[Magic.Length..]; !ended; )
        {
            var chunk = Next(rest);
            rest = rest[chunk.Length..];
            var type = chunk.Slice(4, 4);
            var data = chunk[8..^4];
            if (width == 0)
            {
                (width, height) = ReadSize(type, data);
            }
            if (type.SequenceEqual("acTL"u8))
            {
                throw new ImageException("The PNG picture is animated; only still pictures are read.");
            }
            if (type.SequenceEqual("eXIf"u8))
            {
                orientation = ExifOrientation.Read(data);
            }
            ended = type.SequenceEqual("IEND"u8);
            if (IsNeeded(type))
            {
                kept.Write(chunk);
            }
        }
        return new EncodedImage("PNG", "pngload_buffer", width, height, orientation, kept.ToArray());
    }

    /// <summary>Whether there is an alpha channel or a transparent colour.</summary>
    /// <param name="png">As <see cref="Read"/> keeps it.</param>
    public static bool MayBeTransparent(ReadOnlySpan<byte> png) => png[25] is 4 or 6 || png.IndexOf("tRNS"u8) >= 0;

    private static ReadOnlySpan<byte> Next(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < ChunkOverhead)
        {
            throw ImageException.Damaged("PNG");
        }
        var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (length > (uint)(rest.Length - ChunkOverhead))
        {
            throw ImageException.Damaged("PNG");
        }
        var chunk = rest[..(ChunkOverhead + (int)length)];
        return Crc(chunk[4..^4]) == BinaryPrimitives.ReadUInt32BigEndian(chunk[^4..])
            ? chunk
            : throw ImageException.Damaged("PNG");
    }

    private static (int Width, int Height) ReadSize(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (!type.SequenceEqual("IHDR"u8) || data.Length != 13)
        {
            throw ImageException.Damaged("PNG");
        }
        var width = BinaryPrimitives.ReadUInt32BigEndian(data);
        var height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        return width is 0 or > int.MaxValue || height is 0 or > int.MaxValue
            ? throw ImageException.Damaged("PNG")
            : ((int)width, (int)height);
    }

    private static bool IsNeeded(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("IHDR"u8)
        || type.SequenceEqual("PLTE"u8)
        || type.SequenceEqual("tRNS"u8)
        || type.SequenceEqual("IDAT"u8)
        || type.SequenceEqual("IEND"u8);

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        }
        return ~crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            }
            table[i] = crc;
        }
        return table;
    }
}
