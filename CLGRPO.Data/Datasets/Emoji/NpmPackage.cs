using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>A package file of the npm registry at one version, pinned by its hash and kept in a cache folder outside the project.</summary>
/// <param name="Sha256">Of the package file, 64 lower-case hex digits.</param>
public sealed record NpmPackage(string Name, string Version, string Sha256)
{
    /// <summary>The cache: <c>$CLGRPO_CACHE</c>, else <c>~/.cache/clgrpo</c>.</summary>
    public static string DefaultCache =>
        Environment.GetEnvironmentVariable("CLGRPO_CACHE") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "clgrpo");

    private string FileName => $"{Name}-{Version}.tgz";

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
        var temporary = Files.AtomicFile.TemporaryName(path);
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
