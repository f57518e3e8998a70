using System.Security.Cryptography;
using System.Text;
using CLGRPO.Data.Datasets;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Datasets.Uploads;

/// <summary>Something on the server that may be imported.</summary>
/// <param name="Id">Names it in requests; says nothing about where it lies.</param>
/// <param name="Kind">folder, archive or version.</param>
public sealed record ImportSource(string Id, string Name, string Kind, long? Bytes);

/// <summary>
/// What may be imported without an upload: folders and archives directly in the folders that <c>Data:ImportFolders</c> names, and frozen
/// versions. A request names one by its id, which is looked up in this list; no path ever comes from outside.
/// </summary>
public sealed class ImportSources(IOptions<DataOptions> data, DatasetCatalog catalog)
{
    private const int Most = 1000;
    private const int IdDigits = 24;

    public IReadOnlyList<ImportSource> List() => [.. All().Select(item => item.Source)];

    /// <summary>Where the source lies; null where the list has none of that id.</summary>
    internal (string Path, ImportSource Source)? Find(string id) =>
        All().Where(item => item.Source.Id == id).Select(item => ((string, ImportSource)?)item).FirstOrDefault();

    /// <summary>The id of a frozen version as a source.</summary>
    public string IdOf(VersionSummary version) =>
        VersionFolders.Find(catalog.Root, version.Name, version.Hash) is { } folder ? IdOf(folder.Path) : "";

    private IEnumerable<(string Path, ImportSource Source)> All() =>
        Versions().Concat(data.Value.ImportFolders.Where(Directory.Exists).SelectMany(Inside)).Take(Most);

    private IEnumerable<(string, ImportSource)> Versions() =>
        VersionFolders
            .List(catalog.Root)
            .Select(version =>
                (
                    version.Path,
                    new ImportSource(IdOf(version.Path), $"{version.Name}@{version.Hash[..8]}", "version", Bytes: null)
                )
            );

    private static IEnumerable<(string, ImportSource)> Inside(string folder) =>
        new DirectoryInfo(Path.GetFullPath(folder))
            .EnumerateFileSystemInfos()
            // A link may lead anywhere.
            .Where(item => item.LinkTarget is null && !item.Name.StartsWith('.'))
            .Where(item => item is DirectoryInfo || item.Extension.Equals(".zip", StringComparison.OrdinalIgnoreCase))
            .OrderBy(item => item.Name, StringComparer.Ordinal)
            .Select(item =>
                (
                    item.FullName,
                    new ImportSource(
                        IdOf(item.FullName),
                        item.Name,
                        item is DirectoryInfo ? "folder" : "archive",
                        (item as FileInfo)?.Length
                    )
                )
            );

    private static string IdOf(string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..IdDigits];
}
