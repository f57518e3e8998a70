namespace CLGRPO.Data.Files;

/// <summary>
/// A folder that appears complete or not at all: fill <see cref="Path"/> (temporary), then <see cref="Commit"/>.
/// Disposing without a commit removes what was written.
/// </summary>
public sealed class AtomicFolder : IDisposable
{
    private readonly string _target;
    private bool _committed;

    /// <summary>Creates the temporary folder <c>target.tmp-guid</c>, and the parent folders where missing.</summary>
    /// <param name="target">Where the folder appears on <see cref="Commit"/>.</param>
    public AtomicFolder(string target)
    {
        _target = System.IO.Path.GetFullPath(target);
        Path = AtomicFile.TemporaryName(_target);
        Directory.CreateDirectory(Path);
    }

    /// <summary>The temporary folder to write into.</summary>
    public string Path { get; }

    /// <summary>Flushes every file and folder, renames the folder to its target and flushes the parent.</summary>
    /// <exception cref="IOException">The target exists already.</exception>
    public void Commit()
    {
        FlushFiles();
        Rename();
    }

    /// <summary>As <see cref="Commit"/>, for content that is already on the disk.</summary>
    internal void Rename()
    {
        if (Directory.Exists(_target))
            throw new IOException($"Folder '{_target}' exists already; it is never replaced.");
        Directory.Move(Path, _target);
        _committed = true;
        DiskSync.Folder(System.IO.Path.GetDirectoryName(_target)!);
    }

    /// <summary>Removes the temporary folder unless it was committed.</summary>
    public void Dispose()
    {
        if (!_committed && Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }

    private void FlushFiles()
    {
        foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, 1);
            stream.Flush(flushToDisk: true);
        }
        foreach (var folder in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories))
            DiskSync.Folder(folder);
        DiskSync.Folder(Path);
    }
}
