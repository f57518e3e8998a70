using System.Runtime.CompilerServices;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>A folder for each class, perhaps under folders for the splits: <c>train/cat/1.jpg</c> or <c>cat/1.jpg</c>.</summary>
public sealed class ClassFolderFormat : ISourceFormat
{
    private static readonly Dictionary<string, Split> SplitNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = Split.Train,
        ["training"] = Split.Train,
        ["val"] = Split.Validation,
        ["valid"] = Split.Validation,
        ["validation"] = Split.Validation,
        ["test"] = Split.Test,
    };

    public string Name => "folder";

    public bool Fits(ISourceFiles files) => Pictures(files).Any(path => Place(path) is not null);

    public SourceDescription Describe(ISourceFiles files)
    {
        // Folders have no order of their own; by name is the one that everybody can see.
        string[] labels =
        [
            .. Pictures(files)
                .Select(path => Place(path)?.Label)
                .OfType<string>()
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
        if (labels.Length < 2)
            throw new ImportException(
                $"The pictures lie in {labels.Length} class folders; at least 2 are needed: <class>/<picture>, or <split>/<class>/<picture>."
            );
        return new SourceDescription(labels, [], Rows: Pictures(files).LongCount());
    }

    public async IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, [EnumeratorCancellation] CancellationToken stop)
    {
        await Task.CompletedTask;
        foreach (var path in Pictures(files))
        {
            stop.ThrowIfCancellationRequested();
            yield return Place(path) is var (split, label)
                ? SourceEntry.Of(
                    path,
                    1,
                    new SourceRow
                    {
                        Image = path,
                        Label = label,
                        Split = split,
                    }
                )
                : SourceEntry.Bad(path, 1, "the picture lies in no class folder");
        }
    }

    private static IEnumerable<string> Pictures(ISourceFiles files) => files.Paths.Where(SourcePath.IsPicture);

    private static (Split? Split, string Label)? Place(string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 2)
            return null;
        if (!SplitNames.TryGetValue(parts[0], out var split))
            return (null, parts[0]);
        return parts.Length > 2 ? (split, parts[1]) : null;
    }
}
