using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>One emoji of <c>emoji.json</c>.</summary>
/// <param name="Unified">Code points in hex, joined by <c>-</c>.</param>
/// <param name="Name">Unicode's name, such as <c>GRINNING FACE</c>.</param>
/// <param name="Image">File name of its picture.</param>
/// <param name="SkinVariations">Skin tone → the same emoji in that tone.</param>
internal sealed record EmojiEntry(
    string Unified,
    string Name,
    string Image,
    string Category,
    string Subcategory,
    int SortOrder,
    IReadOnlyList<string> ShortNames,
    bool HasImgGoogle,
    IReadOnlyDictionary<string, EmojiVariation>? SkinVariations = null
);

/// <summary>An emoji in one skin tone.</summary>
internal sealed record EmojiVariation(string Unified, string Image, bool HasImgGoogle);

/// <summary>What is used of the package: the list of emoji and their pictures of 64×64. Read into memory; no name in the archive becomes a path.</summary>
internal sealed class EmojiPackage
{
    private const string ListEntry = "package/emoji.json";
    private const string ImageFolder = "package/img/google/64/";
    private const long MaxEntryBytes = 16 << 20;
    private const long MaxTotalBytes = 128 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
    };

    private readonly Dictionary<string, byte[]> _images;

    private EmojiPackage(IReadOnlyList<EmojiEntry> entries, Dictionary<string, byte[]> images) =>
        (Entries, _images) = (entries, images);

    /// <summary>All emoji, in Unicode's order.</summary>
    public IReadOnlyList<EmojiEntry> Entries { get; }

    /// <summary>The PNG file of a picture; null where the package has none.</summary>
    public byte[]? Image(string fileName) => _images.GetValueOrDefault(fileName);

    /// <summary>Reads the package file.</summary>
    /// <exception cref="InvalidDataException">It lacks the list, or an entry is larger than any of ours.</exception>
    public static EmojiPackage Read(Stream tgz)
    {
        using var tar = new TarReader(new GZipStream(tgz, CompressionMode.Decompress));
        var images = new Dictionary<string, byte[]>(StringComparer.OrdinalIgnoreCase);
        List<EmojiEntry>? entries = null;
        var total = 0L;
        while (tar.GetNextEntry() is { } entry)
        {
            var isImage = entry.Name.StartsWith(ImageFolder, StringComparison.Ordinal);
            if (
                entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)
                || !(isImage || entry.Name == ListEntry)
            )
                continue;
            total += entry.Length;
            if (entry.Length > MaxEntryBytes || total > MaxTotalBytes)
                throw new InvalidDataException(
                    $"'{entry.Name}' has {entry.Length} bytes, {total} with those before it; at most {MaxEntryBytes} and {MaxTotalBytes} are read."
                );
            var bytes = ReadAll(entry);
            if (isImage)
                images[entry.Name[ImageFolder.Length..]] = bytes;
            else
                entries = JsonSerializer.Deserialize<List<EmojiEntry>>(bytes, Json);
        }
        if (entries is null)
            throw new InvalidDataException($"The package has no {ListEntry}.");
        return new(
            [.. entries.OrderBy(entry => entry.SortOrder).ThenBy(entry => entry.Unified, StringComparer.Ordinal)],
            images
        );
    }

    private static byte[] ReadAll(TarEntry entry)
    {
        var bytes = new byte[entry.Length];
        entry.DataStream?.ReadExactly(bytes);
        return bytes;
    }
}
