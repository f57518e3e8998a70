using System.Buffers.Binary;

namespace CLGRPO.Data.Images;

/// <summary>Walks the chunks of a WebP.</summary>
/// <remarks>Source: RFC 9649, §2 and §3.</remarks>
internal static class WebpContainer
{
    private const byte AnimationFlag = 0x02;
    private const byte AlphaFlag = 0x10;

    public static bool HasMagic(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8);

    /// <summary>Keeps the pixels and their transparency; refuses animations.</summary>
    public static EncodedImage Read(ReadOnlySpan<byte> webp)
    {
        using var kept = new MemoryStream(webp.Length);
        kept.Write(webp[..12]);
        var (width, height, orientation) = (0, 0, 1);
        // The container's own length may be below that of the file; what is appended is not part of the picture.
        var length = (long)BinaryPrimitives.ReadUInt32LittleEndian(webp[4..]) + 8;
        var rest = webp[12..(int)Math.Min(webp.Length, Math.Max(12, length))];
        while (rest.Length >= 8)
        {
            var chunk = Next(rest);
            rest = rest[Math.Min(rest.Length, chunk.Length + (chunk.Length & 1))..];
            var type = chunk[..4];
            var data = chunk[8..];
            if (type.SequenceEqual("ANIM"u8) || type.SequenceEqual("ANMF"u8))
            {
                throw new ImageException("The WebP picture is animated; only still pictures are read.");
            }
            if (type.SequenceEqual("EXIF"u8))
            {
                orientation = ExifOrientation.Read(data.StartsWith("Exif\0\0"u8) ? data[6..] : data);
            }
            if (width == 0 && ReadSize(type, data) is { } size)
            {
                (width, height) = size;
            }
            Keep(kept, type, chunk);
        }
        return width > 0
            ? new EncodedImage("WebP", "webpload_buffer", width, height, orientation, Finish(kept))
            : throw ImageException.Damaged("WebP");
    }

    private static ReadOnlySpan<byte> Next(ReadOnlySpan<byte> rest)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        return length <= (uint)(rest.Length - 8) ? rest[..(8 + (int)length)] : throw ImageException.Damaged("WebP");
    }

    private static (int Width, int Height)? ReadSize(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (type.SequenceEqual("VP8X"u8) && data.Length >= 10)
        {
            if ((data[0] & AnimationFlag) != 0)
            {
                throw new ImageException("The WebP picture is animated; only still pictures are read.");
            }
            return (1 + ReadUInt24(data[4..]), 1 + ReadUInt24(data[7..]));
        }
        if (type.SequenceEqual("VP8 "u8) && data.Length >= 10)
        {
            return (
                BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF,
                BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF
            );
        }
        if (type.SequenceEqual("VP8L"u8) && data.Length >= 5)
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
            return (1 + (int)(bits & 0x3FFF), 1 + (int)((bits >> 14) & 0x3FFF));
        }
        return null;
    }

    private static void Keep(MemoryStream kept, ReadOnlySpan<byte> type, ReadOnlySpan<byte> chunk)
    {
        var isExtended = type.SequenceEqual("VP8X"u8);
        if (
            !isExtended
            && !type.SequenceEqual("ALPH"u8)
            && !type.SequenceEqual("VP8 "u8)
            && !type.SequenceEqual("VP8L"u8)
        )
        {
            return;
        }
        var start = (int)kept.Length;
        kept.Write(chunk);
        if ((chunk.Length & 1) != 0)
        {
            kept.WriteByte(0);
        }
        if (isExtended && chunk.Length > 8)
        {
            // Of the flags only transparency remains true.
            kept.GetBuffer()[start + 8] &= AlphaFlag;
        }
    }

    private static byte[] Finish(MemoryStream kept)
    {
        var bytes = kept.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)(bytes.Length - 8));
        return bytes;
    }

    private static int ReadUInt24(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
}
