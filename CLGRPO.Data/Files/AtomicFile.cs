namespace CLGRPO.Data.Files;

/// <summary>Writes a file so that readers see the old content or the new, never a part of it, whatever happens.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Streams to a temporary file beside <paramref name="path"/>, flushes it to disk, renames it over <paramref name="path"/>
    /// and flushes the folder. When <paramref name="write"/> throws, the old file stays and nothing else is left.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the content; the stream is buffered, not held in memory.</param>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        var temporary = TemporaryName(target);
        try
        {
            using (
                var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16)
            )
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        DiskSync.Folder(Path.GetDirectoryName(target)!);
    }

    /// <summary>Writes text as UTF-8 without a byte order mark; see <see cref="Write"/>.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>A name beside <paramref name="target"/> that no reader takes for content: <c>name.tmp-guid</c>.</summary>
    internal static string TemporaryName(string target) => $"{target}.tmp-{Guid.NewGuid():N}";
}
