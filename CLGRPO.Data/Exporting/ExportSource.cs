using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;

namespace CLGRPO.Data.Exporting;

/// <summary>A sample as it is exported.</summary>
/// <param name="Split">Null where the file says it, or where there is none.</param>
/// <param name="Group">Null where there is none, or where it is not kept.</param>
/// <param name="Review">What people said about its text; null where that is settled, as in a version.</param>
public sealed record ExportRow(Sample Sample, Split? Split = null, string? Group = null, string? Review = null);

/// <summary>A file of an export.</summary>
/// <param name="Name">Without its extension.</param>
/// <param name="Rows">Read once, as they are written.</param>
public sealed record ExportPart(string Name, IAsyncEnumerable<ExportRow> Rows);

/// <summary>What is to be exported.</summary>
/// <param name="Images">Hashes of the pictures, each once.</param>
/// <param name="Blobs">Where they lie.</param>
/// <param name="IsView">Rows are as they stand now: they carry split and review themselves.</param>
public sealed record ExportSource(
    DatasetInfo Info,
    IReadOnlyList<ExportPart> Parts,
    IReadOnlyList<string> Images,
    string Blobs,
    bool IsView
)
{
    /// <summary>A frozen version: a file for each split.</summary>
    public static ExportSource Of(DatasetVersion version) =>
        new(
            version.Info,
            [
                .. Splits.All.Select(split => new ExportPart(
                    split.Key(),
                    version.Of(split).Select(sample => new ExportRow(sample)).ToAsyncEnumerable()
                )),
            ],
            [.. Splits.All.SelectMany(version.Of).Select(sample => sample.Image).Distinct(StringComparer.Ordinal)],
            DatasetVersion.BlobsOf(version.Path),
            IsView: false
        );

    /// <summary>Bytes of all pictures.</summary>
    public long ImageBytes() => Images.Sum(image => new FileInfo(PathOf(image)).Length);

    /// <summary>The file of a picture.</summary>
    public string PathOf(string image) => Path.Combine(Blobs, image);

    /// <summary>Hash → path in the export, with the extension that other programs want to see.</summary>
    internal Dictionary<string, string> ImageNames(string folder) =>
        Images.ToDictionary(
            image => image,
            image => $"{folder}/{image}{ImageKind.ExtensionOf(PathOf(image))}",
            StringComparer.Ordinal
        );
}
