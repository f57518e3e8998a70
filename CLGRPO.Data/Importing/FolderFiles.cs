namespace CLGRPO.Data.Importing;

/// <summary>A folder as a source. Links that lead out of it are refused (A-PATH-1).</summary>
public sealed class FolderFiles : ISourceFiles
{
    private readonly string _root;
    private readonly Lazy<IReadOnlyList<string>> _paths;

    /// <exception cref="ImportException">There is no such folder.</exception>
    public FolderFiles(string root)
    {
        if (!Directory.Exists(root))
            throw new ImportException($"There is no folder '{root}'.");
        _root = Resolved(Path.GetFullPath(root));
        _paths = new Lazy<IReadOnlyList<string>>(Enumerate);
    }

    public IReadOnlyList<string> Paths => _paths.Value;

    public bool Contains(string path) => Inside(path) is { } full && File.Exists(full);

    public byte[] Read(string path, long limit)
    {
        using var stream = OpenFile(path);
        if (stream.Length > limit)
            throw new ImportException($"'{path}' has {stream.Length} bytes; at most {limit} are read.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public Stream Open(string path) => OpenFile(path);

    public void Dispose() { }

    private FileStream OpenFile(string path)
    {
        var full = Inside(path) ?? throw new ImportException($"'{path}' leads out of the source; give a path inside.");
        try
        {
            return new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImportException($"The source has no file '{path}'.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ImportException($"'{path}' cannot be read: access is denied.", e);
        }
    }

    /// <summary>The file's real place, links followed; null where that is outside.</summary>
    private string? Inside(string path)
    {
        if (!SourcePath.IsClean(path))
            return null;
        var full = Path.Combine(_root, path);
        // Only links can lead out of a clean path, and links are rare: resolve when there is one.
        var real = HasLink(path) ? Resolved(full) : full;
        return real.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? real : null;
    }

    private bool HasLink(string path)
    {
        var step = _root;
        foreach (var part in path.Split('/'))
        {
            step = Path.Combine(step, part);
            if (new FileInfo(step).LinkTarget is not null)
                return true;
        }
        return false;
    }

    private static string Resolved(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
            return path;
        var here = Path.Combine(Resolved(parent), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        return info.ResolveLinkTarget(returnFinalTarget: true)?.FullName is { } target ? Resolved(target) : here;
    }

    private string[] Enumerate()
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint, // no folder is walked through a link
        };
        string[] paths =
        [
            .. Directory
                .EnumerateFiles(_root, "*", options)
                .Select(path => Path.GetRelativePath(_root, path).Replace(Path.DirectorySeparatorChar, '/')),
        ];
        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }
}
