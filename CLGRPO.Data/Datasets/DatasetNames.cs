namespace CLGRPO.Data.Datasets;

/// <summary>Names of data sets.</summary>
public static class DatasetNames
{
    private const int MaxLength = 64;

    /// <summary>Whether a data set may be called so: 1 to 64 lower-case letters, digits, <c>. _ -</c>, beginning with a letter or digit; not <c>blobs</c>.</summary>
    public static bool IsName(string name) =>
        name.Length <= MaxLength
        && DatasetRules.IsId(name)
        && !name.Any(char.IsAsciiLetterUpper)
        && name != DatasetVersion.BlobsFolder;
}
