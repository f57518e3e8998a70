using System.IO.Compression;

namespace CLGRPO.Data.Importing;

/// <summary>
/// A zip archive as a source, read in place. Names that lead out, links, duplicates, and archives that inflate beyond the
/// limits are refused (A-ZIP-1, A-ZIP-2); bytes are counted while they inflate.
/// </summary>
public sealed class ZipFiles : ISourceFiles
{
    private const int MaxEntries = 200_000;
    private const long MaxBytes = 20L << 30;
    private const int MaxRatio = 100;

    // A small file may compress better than the ratio without being a bomb.
    private const long RatioFreeBytes = 1 << 20;
    private const long MaxTextBytes = 1 << 30;
    private const int UnixFileType = 0xF000;
    private const int UnixRegularFile = 0x8000;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;
    private readonly Lock _reading = new(); // entries share the archive's stream
    private readonly Dictionary<string, string> _unpacked = new(StringComparer.Ordinal);

    /// <exception cref="ImportException">The archive is damaged or breaks a rule; the message names the entry.</exception>
    public ZipFiles(string path)
    {
        try
        {
            _archive = ZipFile.OpenRead(path);
            _entries = Checked(_archive);
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException or ImportException)
        {
            _archive?.Dispose();
            throw e is ImportException
                ? e
                : new ImportException($"'{Path.GetFileName(path)}' is no zip archive that can be read.", e);
        }
        Paths = [.. _entries.Keys.Order(StringComparer.Ordinal)];
    }

    public IReadOnlyList<string> Paths { get; }

    public bool Contains(string path) => _entries.ContainsKey(path);

    public byte[] Read(string path, long limit)
    {
        var entry = Entry(path);
        if (entry.Length > limit)
            throw new ImportException($"'{path}' has {entry.Length} bytes; at most {limit} are read.");
        lock (_reading)
        {
            using var stream = entry.Open();
            var bytes = new byte[entry.Length];
            try
            {
                var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                // The size that the archive states may be a lie in either direction.
                if (read < bytes.Length || stream.ReadByte() >= 0)
                    throw new ImportException($"'{path}' is not as long as the archive says.");
            }
            catch (InvalidDataException e)
            {
                throw new ImportException($"'{path}' is damaged inside the archive.", e);
            }
            return bytes;
        }
    }

    /// <summary>Files of rows may be large and are read several times: they are unpacked into temporary files.</summary>
    public Stream Open(string path)
    {
        lock (_reading)
        {
            if (!_unpacked.TryGetValue(path, out var file))
                _unpacked[path] = file = Unpacked(path);
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
    }

    public void Dispose()
    {
        _archive.Dispose();
        foreach (var file in _unpacked.Values)
            File.Delete(file);
    }

    private string Unpacked(string path)
    {
        var entry = Entry(path);
        if (entry.Length > MaxTextBytes)
            throw new ImportException($"'{path}' has {entry.Length} bytes; at most {MaxTextBytes} are read.");
        var target = Path.GetTempFileName();
        try
        {
            using var file = new FileStream(target, FileMode.Truncate, FileAccess.Write);
            using var stream = entry.Open();
            var buffer = new byte[1 << 16];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                file.Write(buffer, 0, read);
                if (file.Length > entry.Length)
                    throw new ImportException($"'{path}' is not as long as the archive says.");
            }
            return target;
        }
        catch (InvalidDataException e)
        {
            File.Delete(target);
            throw new ImportException($"'{path}' is damaged inside the archive.", e);
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    private ZipArchiveEntry Entry(string path) =>
        _entries.TryGetValue(path, out var entry)
            ? entry
            : throw new ImportException($"The archive has no file '{path}'.");

    private static Dictionary<string, ZipArchiveEntry> Checked(ZipArchive archive)
    {
        if (archive.Entries.Count > MaxEntries)
            throw new ImportException(
                $"The archive has {archive.Entries.Count} entries; at most {MaxEntries} are read."
            );
        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        var folded = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long total = 0;
        foreach (var entry in archive.Entries.Where(entry => !entry.FullName.EndsWith('/')))
        {
            if (Problem(entry) is { } problem)
                throw new ImportException($"The archive's entry '{Shown(entry.FullName)}' {problem}.");
            if (!folded.Add(entry.FullName))
                throw new ImportException(
                    $"The archive has two entries named '{Shown(entry.FullName)}' (letter case is ignored)."
                );
            if ((total += entry.Length) > MaxBytes)
                throw new ImportException($"The archive inflates to more than {MaxBytes >> 30} GiB.");
            entries.Add(entry.FullName, entry);
        }
        return entries;
    }

    private static string? Problem(ZipArchiveEntry entry)
    {
        if (!SourcePath.IsClean(entry.FullName))
            return "has a path that may lead out of the archive";
        var type = (entry.ExternalAttributes >> 16) & UnixFileType;
        if (type is not (0 or UnixRegularFile))
            return "is no regular file (a link or a device)";
        if (entry.IsEncrypted)
            return "is encrypted";
        if (entry.Length > RatioFreeBytes && entry.Length / Math.Max(1, entry.CompressedLength) > MaxRatio)
            return $"inflates more than {MaxRatio} times";
        return null;
    }

    private static string Shown(string name) => string.Concat(name.Take(80).Select(c => char.IsControl(c) ? '?' : c));
}
