using System.Security.Cryptography;
using System.Text;

namespace CLGRPO.Data.Datasets;

/// <summary>
/// The content hash of a dataset version: SHA-256 of what <c>sha256sum dataset.json train.jsonl val.jsonl test.jsonl</c> prints.
/// Rows name their images by hash, so it covers every byte of the version.
/// </summary>
public static class DatasetHash
{
    /// <summary>The files the hash covers, in its order.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [DatasetVersion.InfoFile, .. Splits.All.Select(split => split.FileName())];

    /// <summary>Hashes the four files of a folder.</summary>
    /// <returns>64 lower-case hex digits.</returns>
    public static string OfFolder(string folder)
    {
        var listing = new StringBuilder();
        foreach (var file in Files)
        {
            using var stream = File.OpenRead(Path.Combine(folder, file));
            listing.Append(Convert.ToHexStringLower(SHA256.HashData(stream))).Append("  ").Append(file).Append('\n');
        }
        return Of(Encoding.UTF8.GetBytes(listing.ToString()));
    }

    /// <summary>SHA-256 as 64 lower-case hex digits.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>True for 64 lower-case hex digits.</summary>
    public static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
