namespace CLGRPO.Web.Runs;

/// <summary>Which runs are wanted; what is null does not matter.</summary>
/// <param name="Text">In id, name, data set, person, note or a tag.</param>
internal sealed record RunFilter(RunState? State = null, string? Tag = null, string? By = null, string? Text = null)
{
    /// <summary>Only those that were put away, or only the others.</summary>
    public bool Archived { get; init; }

    public bool Fits(RunSummary run) =>
        run.Archived == Archived
        && (State is null || run.State == State)
        && (Tag is null || run.Tags.Contains(Tag, StringComparer.Ordinal))
        && (By is null || run.By == By)
        && (string.IsNullOrWhiteSpace(Text) || Mentions(run, Text.Trim()));

    private static bool Mentions(RunSummary run, string text) =>
        run
            .Tags.Concat([run.Id, run.Name, run.Dataset, run.By, run.Note])
            .Any(field => field?.Contains(text, StringComparison.OrdinalIgnoreCase) == true);
}
