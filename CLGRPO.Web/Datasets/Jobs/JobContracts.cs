using System.Text.Json;
using CLGRPO.Data.Exporting;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Datasets.Jobs;

/// <summary>Work on data sets, as people see it.</summary>
/// <param name="Done">Of <paramref name="Total"/>: rows, samples or pictures.</param>
/// <param name="Result">What came of it; which fields it has depends on the kind.</param>
/// <param name="HasFile">There is a file to download, for whoever asked for it.</param>
public sealed record JobView(
    long Id,
    DataJobKind Kind,
    JobState State,
    string Title,
    long? DatasetId,
    long Done,
    long? Total,
    JsonElement? Result,
    string? Failure,
    string By,
    DateTime CreatedAt,
    DateTime? FinishedAt,
    bool HasFile
)
{
    public bool IsOver => State is JobState.Completed or JobState.Cancelled or JobState.Failed;
}

/// <summary>What an import is to do. Holds a path: stays on the server.</summary>
internal sealed record ImportWork(
    string Source,
    string SourceName,
    string Dataset,
    string? Upload,
    string? Format,
    string? Question,
    string? Licence,
    bool WithoutTexts
);

/// <summary>What became of an import.</summary>
/// <param name="Import">Its number: the report of rows is under it.</param>
public sealed record ImportResult(long Import, long Imported, long Duplicates, long Problems);

/// <param name="WithText">Samples with a chain of thought.</param>
public sealed record FreezeResult(string Name, string Hash, int Samples, int WithText);

internal sealed record CompareWork(string LeftName, string LeftHash, string RightName, string RightHash);

/// <summary>What an export is to write: a version, or a view of a data set.</summary>
/// <param name="Hash">Of the version; null for a view.</param>
/// <param name="View">The filter as an address has it; null for a version.</param>
internal sealed record ExportWork(string Name, string? Hash, ExportFormat Format, bool Images, string? View = null);

/// <summary>A finished export.</summary>
/// <param name="ExpiresAt">When the file goes.</param>
public sealed record ExportResult(string File, int Samples, long Bytes, DateTime ExpiresAt);
