using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing.Formats;

namespace CLGRPO.Data.Importing;

/// <summary>Something to import: its files, and the format they are in.</summary>
/// <param name="Files">Folder or archive.</param>
/// <param name="Format">How it is read.</param>
public sealed record Source(ISourceFiles Files, ISourceFormat Format) : IDisposable
{
    /// <summary>The formats of strangers, in the order in which they are tried.</summary>
    public static IReadOnlyList<ISourceFormat> Formats { get; } =
    [
        new EmoSetFormat(),
        new OwnRowsFormat(),
        new LlavaFormat(),
        new SwiftFormat(),
        new CsvFormat(),
        new ClassFolderFormat(),
    ];

    /// <param name="path">A folder, a zip archive, or the folder of a frozen version.</param>
    /// <param name="format">A format's name; null to find out.</param>
    /// <exception cref="ImportException">There is nothing there, or no format fits.</exception>
    public static Source Open(string path, string? format = null)
    {
        if (IsVersion(path))
        {
            var version = DatasetVersion.Open(path);
            return new Source(new FolderFiles(Path.Combine(version.Path, "..", "..")), new VersionFormat(version));
        }
        var files = OpenFiles(path);
        try
        {
            return new Source(files, format is null ? Recognized(files, path) : Named(format));
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose() => Files.Dispose();

    private static ISourceFiles OpenFiles(string path)
    {
        if (Directory.Exists(path))
            return new FolderFiles(path);
        if (!File.Exists(path))
            throw new ImportException($"There is no folder and no archive '{path}'.");
        return Path.GetExtension(path).Equals(".zip", StringComparison.OrdinalIgnoreCase)
            ? new ZipFiles(path)
            : throw new ImportException($"'{path}' is neither a folder nor a .zip; give the folder that holds it.");
    }

    private static ISourceFormat Recognized(ISourceFiles files, string path) =>
        Formats.FirstOrDefault(format => format.Fits(files))
        ?? throw new ImportException(
            $"'{path}' has none of the forms that are read: {Names()}. Name one to see what is missing."
        );

    private static ISourceFormat Named(string name) =>
        Formats.FirstOrDefault(format => format.Name == name)
        ?? throw new ImportException($"There is no format '{name}'; known are {Names()}.");

    private static string Names() => string.Join(", ", Formats.Select(format => format.Name));

    private static bool IsVersion(string path) =>
        DatasetHash.IsHash(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))))
        && File.Exists(Path.Combine(path, DatasetVersion.InfoFile));
}
