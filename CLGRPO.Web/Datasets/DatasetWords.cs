using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Datasets;

/// <summary>Words and drawings for what the pages show of data sets.</summary>
public static class DatasetWords
{
    public static string Of(SampleStanding standing) =>
        standing switch
        {
            SampleStanding.Pending => "waits",
            SampleStanding.Accepted => "accepted",
            SampleStanding.Edited => "edited",
            SampleStanding.Rejected => "rejected",
            SampleStanding.Flagged => "flagged",
            _ => "no record yet",
        };

    /// <summary>Name of the icon; null for those without one.</summary>
    public static string? IconOf(SampleStanding standing) =>
        standing switch
        {
            SampleStanding.Pending => "wait",
            SampleStanding.Accepted => "check",
            SampleStanding.Edited => "edit",
            SampleStanding.Rejected => "close",
            SampleStanding.Flagged => "flag",
            _ => null,
        };

    /// <summary>The tone that goes with the icon.</summary>
    public static string ToneOf(SampleStanding standing) =>
        standing switch
        {
            SampleStanding.Accepted => "ok",
            SampleStanding.Edited => "accent",
            SampleStanding.Rejected => "bad",
            SampleStanding.Flagged => "warn",
            _ => "faint",
        };

    public static string Of(Split? split) => split?.Key() ?? "no split";

    public static string Of(SampleOrder order) =>
        order switch
        {
            SampleOrder.Newest => "newest first",
            SampleOrder.Changed => "newest reasoning",
            _ => "as imported",
        };

    /// <summary>A version as pages name it: the first digits of its hash.</summary>
    public static string Digits(string hash) => hash.Length > 8 ? hash[..8] : hash;

    /// <summary>Where a data set came from; a version is named by the first digits of its hash.</summary>
    public static string Source(string source) => DatasetHash.IsHash(source) ? $"version {Digits(source)}" : source;

    public static string Percent(double part, double whole) => whole > 0 ? $"{100 * part / whole:0} %" : "–";

    /// <summary>Width for a style, in percent.</summary>
    public static string Width(double part, double whole) => $"{(whole > 0 ? 100 * part / whole : 0):0.##}%";

    public static string Bytes(long bytes) =>
        bytes switch
        {
            >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
            >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
            >= 1L << 10 => $"{bytes / 1024.0:0} KiB",
            _ => $"{bytes} bytes",
        };

    public static string Of(JobState state) =>
        state switch
        {
            JobState.Queued => "waits",
            JobState.Running => "running",
            JobState.Paused => "paused",
            JobState.Completed => "done",
            JobState.Cancelled => "cancelled",
            _ => "failed",
        };

    public static string Picture(string hash, int? size = null) =>
        size is null
            ? $"{DatasetEndpoints.Path[1..]}/images/{hash}"
            : $"{DatasetEndpoints.Path[1..]}/images/{hash}/thumbnail?size={size}";
}
