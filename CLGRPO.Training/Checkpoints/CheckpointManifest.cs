using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Seals a checkpoint: every file with its size and hash. A folder without a manifest that fits is no checkpoint.</summary>
/// <param name="FormatVersion">1.</param>
/// <param name="Files">Path in the folder → size and SHA-256.</param>
public sealed record CheckpointManifest(int FormatVersion, IReadOnlyDictionary<string, SealedFile> Files)
{
    public const string FileName = "manifest.json";
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Hashes all files of a folder and of those in it, and writes the manifest beside them.</summary>
    public static void Seal(string folder)
    {
        var files = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToDictionary(path => Path.GetRelativePath(folder, path), SealedFile.Of, StringComparer.Ordinal);
        File.WriteAllText(
            Path.Combine(folder, FileName),
            JsonSerializer.Serialize(new CheckpointManifest(1, files), Json)
        );
    }

    /// <summary>Why a folder is not a whole checkpoint; null when it is.</summary>
    public static string? Fault(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return $"{folder} has no {FileName}: saving it was cut off.";
        CheckpointManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<CheckpointManifest>(File.ReadAllText(path), Json);
        }
        catch (JsonException e)
        {
            return $"{path} cannot be read: {e.Message}";
        }
        if (manifest is not { FormatVersion: 1, Files: not null })
            return $"{path} is not a manifest of format version 1.";
        return manifest
            .Files.Select(file => file.Value.Fault(Path.Combine(folder, file.Key)))
            .FirstOrDefault(fault => fault is not null);
    }

    /// <summary>Names a checkpoint by its content.</summary>
    public static string Hash(string folder) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(folder, FileName))))
        );
}

/// <summary>A file as it was sealed.</summary>
public sealed record SealedFile(long Size, string Sha256)
{
    public static SealedFile Of(string path)
    {
        using var stream = File.OpenRead(path);
        return new SealedFile(stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    internal string? Fault(string path)
    {
        if (!File.Exists(path))
            return $"{path} is missing.";
        var found = Of(path);
        return found == this
            ? null
            : $"{path} was changed since it was saved: {found.Size} bytes with hash {found.Sha256[..12]}…, sealed as {Size} bytes with {Sha256[..12]}….";
    }
}
