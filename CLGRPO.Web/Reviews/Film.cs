using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets;

namespace CLGRPO.Web.Reviews;

/// <summary>The strip of pictures over an item.</summary>
internal static class Film
{
    /// <summary>Judged ones.</summary>
    public const int Before = 7;

    /// <summary>Those to come.</summary>
    public const int After = 6;
}

/// <summary>Addresses of pictures.</summary>
internal static class Pictures
{
    public static string Whole(string image) => $"{DatasetEndpoints.Path[1..]}/images/{image}";

    public static string Thumbnail(string image) => $"{Whole(image)}/thumbnail";
}

/// <summary>Verdicts as people read them.</summary>
internal static class VerdictWords
{
    public static string Past(Verdict? verdict) =>
        verdict switch
        {
            Verdict.Accept => "accepted",
            Verdict.Reject => "rejected",
            Verdict.Edit => "edited",
            Verdict.Flag => "flagged",
            Verdict.Skip => "skipped",
            _ => "",
        };

    public static string Icon(Verdict? verdict) =>
        verdict switch
        {
            Verdict.Accept => "check",
            Verdict.Reject => "close",
            Verdict.Edit => "edit",
            Verdict.Flag => "flag",
            _ => "skip",
        };

    public static string Tone(Verdict? verdict) =>
        verdict switch
        {
            Verdict.Accept => "ok",
            Verdict.Reject => "bad",
            Verdict.Edit => "accent",
            Verdict.Flag => "warn",
            _ => "quiet",
        };
}
