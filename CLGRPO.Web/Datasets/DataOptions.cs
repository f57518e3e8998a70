using System.ComponentModel.DataAnnotations;

namespace CLGRPO.Web.Datasets;

/// <summary>Settings of uploads, imports, exports and thumbnails: section <c>Data</c>.</summary>
public sealed class DataOptions
{
    public const string Section = "Data";

    /// <summary>Folders of the server whose folders and archives people may import; none by default.</summary>
    public IList<string> ImportFolders { get; init; } = [];

    /// <summary>Largest archive that is uploaded.</summary>
    [Range(1, 1 << 20)]
    public int MaxUploadMiB { get; set; } = 2048;

    /// <summary>Uploads that one person may have begun at once.</summary>
    [Range(1, 100)]
    public int UploadsPerPerson { get; set; } = 4;

    /// <summary>How long an upload that nobody goes on with is kept.</summary>
    [Range(1, 24 * 30)]
    public int UploadHours { get; set; } = 24;

    /// <summary>How long a finished export can be downloaded.</summary>
    [Range(1, 24 * 365)]
    public int ExportHours { get; set; } = 24 * 7;

    /// <summary>What uploads, imports and exports leave free on the disk.</summary>
    [Range(0, 1 << 24)]
    public int KeepFreeMiB { get; set; } = 5120;

    /// <summary>Most that cached thumbnails take; the oldest go first.</summary>
    [Range(1, 1 << 20)]
    public int ThumbnailsMiB { get; set; } = 2048;
}
