namespace CLGRPO.Data.Importing;

/// <summary>Paths inside a source: data of a stranger, never trusted (A-PATH-1, A-ZIP-1).</summary>
internal static class SourcePath
{
    private const int MaxLength = 1024;

    /// <summary>Whether a path stays inside whatever it is relative to, on every system.</summary>
    public static bool IsClean(string path) =>
        path.Length is > 0 and <= MaxLength
        && path[0] != '/'
        && !path.Any(c => c is '\\' or ':' or '\0' || char.IsControl(c))
        && path.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    /// <summary>A path that stands in a file of the source: <c>./</c> at its start says nothing.</summary>
    public static string Normal(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;

    /// <summary>A path relative to the folder of the file that names it.</summary>
    public static string Beside(string file, string path)
    {
        var folder = file.LastIndexOf('/');
        return folder < 0 ? Normal(path) : file[..(folder + 1)] + Normal(path);
    }

    public static bool IsPicture(string path) =>
        Path.GetExtension(path).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP";
}
