using System.Buffers.Binary;

namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>
/// Writes 8-bit RGB images as PNG with stored (uncompressed) blocks: the bytes depend on the pixels alone, where a compressor's depend on
/// its version and processor, and the content hash with them.
/// </summary>
/// <remarks>Source: PNG (W3C, third edition) §5 and §10; zlib RFC 1950; deflate RFC 1951 §3.2.4; Adler-32 and CRC-32 as stated there.</remarks>
internal static class PngWriter
{
    private static readonly uint[] CrcTable = MakeCrcTable();

    /// <summary>Encodes pixels.</summary>
    /// <param name="rgb">[height, width, 3], row-major.</param>
    public static byte[] Write(ReadOnlySpan<byte> rgb, int width, int height)
    {
        var raw = new byte[height * ((width * 3) + 1)]; // each row begins with its filter: 0, none
        for (var y = 0; y < height; y++)
            rgb.Slice(y * width * 3, width * 3).CopyTo(raw.AsSpan((y * ((width * 3) + 1)) + 1));
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9], header[10], header[11], header[12]) = (8, 2, 0, 0, 0); // 8 bits, RGB, deflate, adaptive filters, no interlace
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "IDAT"u8, Store(raw));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static byte[] Store(ReadOnlySpan<byte> raw)
    {
        const int MaxBlock = 65535;
        using var zlib = new MemoryStream(raw.Length + 32);
        zlib.Write([0x78, 0x01]);
        Span<byte> word = stackalloc byte[4];
        for (var start = 0; start < raw.Length; start += MaxBlock)
        {
            var length = Math.Min(MaxBlock, raw.Length - start);
            zlib.WriteByte(start + length == raw.Length ? (byte)1 : (byte)0);
            BinaryPrimitives.WriteUInt16LittleEndian(word, (ushort)length);
            BinaryPrimitives.WriteUInt16LittleEndian(word[2..], (ushort)~length);
            zlib.Write(word);
            zlib.Write(raw.Slice(start, length));
        }
        BinaryPrimitives.WriteUInt32BigEndian(word, Adler32(raw));
        zlib.Write(word);
        return zlib.ToArray();
    }

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        png.Write(word);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(word, ~Crc32(Crc32(uint.MaxValue, type), data));
        png.Write(word);
    }

    private static uint Crc32(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        return crc;
    }

    private static uint Adler32(ReadOnlySpan<byte> data)
    {
        const uint Modulus = 65521;
        const int Longest = 5552; // as many bytes as a 32-bit sum takes without a remainder
        var (a, b) = (1u, 0u);
        while (data.Length > 0)
        {
            var part = data[..Math.Min(Longest, data.Length)];
            foreach (var value in part)
            {
                a += value;
                b += a;
            }
            (a, b) = (a % Modulus, b % Modulus);
            data = data[part.Length..];
        }
        return (b << 16) | a;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var n = 0u; n < 256; n++)
        {
            var crc = n;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            table[n] = crc;
        }
        return table;
    }
}
