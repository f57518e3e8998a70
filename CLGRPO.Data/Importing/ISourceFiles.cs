namespace CLGRPO.Data.Importing;

/// <summary>The files of a source, a folder or an archive, by their paths inside it (with <c>/</c>, no <c>..</c>).</summary>
public interface ISourceFiles : IDisposable
{
    /// <summary>All paths, in ordinal order.</summary>
    IReadOnlyList<string> Paths { get; }

    /// <summary>Whether there is such a file; false for every path that leaves the source.</summary>
    bool Contains(string path);

    /// <summary>The bytes of a file. May be called from several threads.</summary>
    /// <exception cref="ImportException">There is no such file, or it is larger than <paramref name="limit"/>.</exception>
    byte[] Read(string path, long limit);

    /// <summary>Opens a file for reading from its start.</summary>
    /// <exception cref="ImportException">There is no such file.</exception>
    Stream Open(string path);
}

/// <summary>A source cannot be imported as it is; the message says what, where and what to do.</summary>
public sealed class ImportException(string message, Exception? inner = null) : Exception(message, inner);
