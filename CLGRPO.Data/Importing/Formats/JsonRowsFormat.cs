using System.Runtime.CompilerServices;
using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>
/// What the three forms of JSON rows share: which files hold them, one row per line or one list, a file name that tells the
/// split, pictures named relative to the file.
/// </summary>
public abstract class JsonRowsFormat : ISourceFormat
{
    public abstract string Name { get; }

    /// <summary>Whether a row has this form.</summary>
    protected abstract bool Fits(JsonElement row);

    /// <summary>A row of this form; the picture's path is as it stands in the file.</summary>
    /// <exception cref="ImportException">Something is missing or of the wrong kind.</exception>
    protected abstract SourceRow Row(JsonElement row);

    public bool Fits(ISourceFiles files)
    {
        foreach (var file in RowFiles(files))
        {
            var first = FirstRow(files, file);
            if (first is { } row)
                return Fits(row);
        }
        return false;
    }

    public virtual SourceDescription Describe(ISourceFiles files) => new(Labels: null, Attributes: []);

    public async IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, [EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var file in RowFiles(files))
        {
            await foreach (var (line, element, problem) in Elements(files, file, stop))
                yield return problem is null ? Entry(file, line, element) : SourceEntry.Bad(file, line, problem);
        }
    }

    private SourceEntry Entry(string file, long line, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return SourceEntry.Bad(file, line, "a JSON object is expected");
        try
        {
            var row = Row(element);
            return SourceEntry.Of(
                file,
                line,
                row with
                {
                    Image = SourcePath.Beside(file, row.Image),
                    Split = row.Split ?? SplitOf(file),
                }
            );
        }
        catch (ImportException e)
        {
            return SourceEntry.Bad(file, line, e.Message);
        }
    }

    /// <summary>Rows lie at the source's top, in files for splits where there are such.</summary>
    private static string[] RowFiles(ISourceFiles files)
    {
        string[] candidates =
        [
            .. files.Paths.Where(path =>
                !path.Contains('/', StringComparison.Ordinal)
                && Path.GetExtension(path).ToUpperInvariant() is ".JSONL" or ".JSON"
                && path is not DatasetVersion.InfoFile
            ),
        ];
        var ofSplits = candidates.Where(path => SplitOf(path) is not null).OrderBy(path => SplitOf(path)).ToArray();
        return ofSplits.Length > 0 ? ofSplits : candidates;
    }

    private static Split? SplitOf(string file) =>
        Path.GetFileNameWithoutExtension(file).ToUpperInvariant() switch
        {
            "TRAIN" => Split.Train,
            "VAL" or "VALIDATION" => Split.Validation,
            "TEST" => Split.Test,
            _ => null,
        };

    private static IAsyncEnumerable<(long, JsonElement, string?)> Elements(
        ISourceFiles files,
        string file,
        CancellationToken stop
    ) =>
        Path.GetExtension(file).Equals(".json", StringComparison.OrdinalIgnoreCase)
            ? JsonFile.List(files, file, stop)
            : JsonFile.Lines(files, file, stop);

    private static JsonElement? FirstRow(ISourceFiles files, string file)
    {
        var rows = Elements(files, file, CancellationToken.None)
            .Where(entry => entry.Item3 is null && entry.Item2.ValueKind == JsonValueKind.Object)
            .Select(entry => (JsonElement?)entry.Item2);
        return rows.FirstOrDefaultAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }
}
