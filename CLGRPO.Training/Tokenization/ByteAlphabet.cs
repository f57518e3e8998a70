using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>The printable character that stands for each byte in a byte-level vocabulary.</summary>
/// <remarks>Source: GPT-2's <c>bytes_to_unicode</c>: printable Latin-1 as itself, the other 68 bytes as U+0100 onwards.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = new char[256];
    private static readonly Dictionary<char, byte> Bytes = [];

    static ByteAlphabet()
    {
        var order = new List<byte>(256);
        for (var b = 0; b < 256; b++)
        {
            if (b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE)
            {
                Characters[b] = (char)b;
                order.Add((byte)b);
            }
        }
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            if (Characters[b] == 0)
            {
                Characters[b] = (char)next++;
                order.Add((byte)b);
            }
        }
        for (var b = 0; b < 256; b++)
        {
            Bytes[Characters[b]] = (byte)b;
        }
        Order = order;
    }

    /// <summary>All bytes in the order of their ids in GPT-2's, Qwen's and our own vocabularies.</summary>
    public static IReadOnlyList<byte> Order { get; }

    public static char CharacterOf(byte value) => Characters[value];

    public static string TextOf(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var value in bytes)
        {
            text.Append(Characters[value]);
        }
        return text.ToString();
    }

    /// <summary>The bytes a token stands for, or null when a character is not of the alphabet.</summary>
    public static byte[]? BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
            {
                return null;
            }
        }
        return bytes;
    }
}
