namespace CLGRPO.Data.Importing;

/// <summary>What is to be imported, and into which data set.</summary>
/// <param name="Source">A folder, a zip archive, or the folder of a frozen version.</param>
/// <param name="Dataset">The data set's name; made where there is none.</param>
/// <param name="By">Who asked for it.</param>
public sealed record ImportRequest(string Source, string Dataset, string By)
{
    /// <summary>What the source is called; null for the name of its folder or file, which an upload's is not.</summary>
    public string? SourceName { get; init; }

    /// <summary>A format's name; null to find out.</summary>
    public string? Format { get; init; }

    /// <summary>For a new data set; null to take the source's, else a plain question.</summary>
    public string? Question { get; init; }

    /// <summary>Leave the source's chains of thought out, such as to build new ones.</summary>
    public bool WithoutTexts { get; init; }

    /// <summary>For a new data set; null to take what the source states.</summary>
    public string? Licence { get; init; }
}

/// <summary>How far an import is.</summary>
/// <param name="Rows">Rows dealt with, in this and in earlier runs.</param>
/// <param name="TotalRows">Of the source.</param>
/// <param name="RowsPerSecond">Since this run began.</param>
/// <param name="Remaining">At this speed; null while it is not known.</param>
public sealed record ImportProgress(long Rows, long TotalRows, double RowsPerSecond, TimeSpan? Remaining);
