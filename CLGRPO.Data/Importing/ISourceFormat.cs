namespace CLGRPO.Data.Importing;

/// <summary>A way in which labelled pictures are published.</summary>
public interface ISourceFormat
{
    /// <summary>As it is given on the command line.</summary>
    string Name { get; }

    /// <summary>Whether a source looks like this format.</summary>
    bool Fits(ISourceFiles files);

    /// <summary>What the source says about itself.</summary>
    /// <exception cref="ImportException">The source's own description is missing or wrong.</exception>
    SourceDescription Describe(ISourceFiles files);

    /// <summary>All rows, always in the same order, whatever is wrong with some of them.</summary>
    /// <exception cref="ImportException">A file that lists rows is missing.</exception>
    IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, CancellationToken stop);
}
