using System.Runtime.CompilerServices;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>
/// A CSV file of paths and labels. Columns by name: <c>path</c> (or image, file, filename), <c>label</c> (or class,
/// emotion), and if wanted <c>id</c>, <c>split</c>, <c>group</c>; every other column is an attribute, its values separated by <c>;</c>.
/// </summary>
public sealed class CsvFormat : ISourceFormat
{
    private static readonly string[] PathColumns = ["path", "image", "file", "filename"];
    private static readonly string[] LabelColumns = ["label", "class", "emotion"];

    public string Name => "csv";

    public bool Fits(ISourceFiles files) => File(files) is not null;

    public SourceDescription Describe(ISourceFiles files)
    {
        using var reader = Open(files, out var columns, out var file);
        var vocabulary = columns.Attributes.ToDictionary(
            column => column.Name,
            _ => new SourceSurvey.OrderedSet(),
            StringComparer.Ordinal
        );
        long rows = 0;
        // Attributes of a table have no vocabulary: it is what the rows hold, in order of appearance.
        while (Read(reader, file) is { } cells)
        {
            rows++;
            foreach (var (name, index) in columns.Attributes.Where(column => column.Index < cells.Length))
            {
                foreach (var value in Values(cells[index]).Where(v => v.Length <= DatasetRules.MaxWordLength))
                    vocabulary[name].Add(value);
                SourceSurvey.RequireFew(name, vocabulary.Count, vocabulary[name].Count);
            }
        }
        return new SourceDescription(
            Labels: null,
            [
                .. columns.Attributes.Select(column => new AttributeVocabulary(
                    column.Name,
                    vocabulary[column.Name].Items
                )),
            ],
            Rows: rows
        );
    }

    public async IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, [EnumeratorCancellation] CancellationToken stop)
    {
        await Task.CompletedTask;
        using var reader = Open(files, out var columns, out var file);
        while (Read(reader, file) is { } cells)
        {
            stop.ThrowIfCancellationRequested();
            yield return Entry(file, reader.Line, columns, cells);
        }
    }

    private static SourceEntry Entry(string file, long line, Columns columns, string[] cells)
    {
        if (cells.Length != columns.Count)
            return SourceEntry.Bad(file, line, $"the row has {cells.Length} cells, the header {columns.Count}");
        try
        {
            return SourceEntry.Of(
                file,
                line,
                new SourceRow
                {
                    Key = columns.Id is { } id ? cells[id] : null,
                    Image = SourcePath.Beside(file, cells[columns.Path]),
                    Label = cells[columns.Label],
                    Split = columns.Split is { } split ? SplitNamed(cells[split]) : null,
                    Group = columns.Group is { } group && cells[group].Length > 0 ? cells[group] : null,
                    Attributes = columns
                        .Attributes.Where(column => cells[column.Index].Length > 0)
                        .ToDictionary(
                            c => c.Name,
                            IReadOnlyList<string> (c) => Values(cells[c.Index]),
                            StringComparer.Ordinal
                        ),
                }
            );
        }
        catch (ImportException e)
        {
            return SourceEntry.Bad(file, line, e.Message);
        }
    }

    private static string[]? Read(CsvReader reader, string file)
    {
        try
        {
            return reader.Read();
        }
        catch (InvalidDataException e)
        {
            throw new ImportException($"{file}: {e.Message}", e);
        }
    }

    private static List<string> Values(string cell) =>
        cell.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal)
            .ToList();

    private static Split? SplitNamed(string cell) =>
        cell.Length == 0
            ? null
            : cell.ToUpperInvariant() switch
            {
                "TRAIN" => Split.Train,
                "VAL" or "VALIDATION" => Split.Validation,
                "TEST" => Split.Test,
                _ => throw new ImportException($"split is {StrictJson.Quote(cell)}; give train, val or test"),
            };

    private static string? File(ISourceFiles files) =>
        files
            .Paths.Where(path => !path.Contains('/', StringComparison.Ordinal))
            .Where(path => Path.GetExtension(path).ToUpperInvariant() is ".CSV" or ".TSV")
            .FirstOrDefault();

    private static CsvReader Open(ISourceFiles files, out Columns columns, out string file)
    {
        file = File(files) ?? throw new ImportException("The source has no .csv file at its top.");
        var reader = new CsvReader(new StreamReader(files.Open(file)), Path.GetExtension(file) is ".tsv" ? '\t' : ',');
        var header = Read(reader, file) ?? throw new ImportException($"{file} is empty.");
        columns = Columns.Of(file, header);
        return reader;
    }

    private sealed record Columns(
        int Count,
        int Path,
        int Label,
        int? Id,
        int? Split,
        int? Group,
        IReadOnlyList<(string Name, int Index)> Attributes
    )
    {
        public static Columns Of(string file, string[] header)
        {
            string[] names = [.. header.Select(name => name.Trim())];
            int? Find(params ReadOnlySpan<string> wanted)
            {
                foreach (var name in wanted)
                {
                    var index = Array.FindIndex(names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
                    if (index >= 0)
                        return index;
                }
                return null;
            }
            var (path, label) = (Find(PathColumns), Find(LabelColumns));
            if (path is null || label is null)
                throw new ImportException(
                    $"{file} needs a column 'path' and a column 'label' in its first line; it has {string.Join(", ", names.Select(StrictJson.Quote))}."
                );
            var (id, split, group) = (Find("id"), Find("split"), Find("group"));
            var named = new[] { path, label, id, split, group };
            return new Columns(
                names.Length,
                path.Value,
                label.Value,
                id,
                split,
                group,
                [.. names.Select((name, index) => (name, index)).Where(column => !named.Contains(column.index))]
            );
        }
    }
}
