using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Reviews;

/// <summary>The views of the batches that everybody has.</summary>
internal enum BatchView
{
    All,
    Open,
    Mine,
    Conflicts,
    Closed,
}

/// <summary>Which batches are wanted; what is null does not matter.</summary>
/// <param name="Text">In the name, the data set's name or the people's.</param>
/// <param name="Who">Who judges; batches that are everybody's fit anybody.</param>
internal sealed record BatchFilter(string? Text = null, string? Dataset = null, string? Who = null)
{
    public bool Fits(ReviewBatch batch) =>
        (Dataset is null || batch.Dataset!.Name == Dataset)
        && (Who is null || IsOf(batch, Who))
        && (string.IsNullOrWhiteSpace(Text) || Mentions(batch, Text.Trim()));

    /// <summary>Whether a batch belongs to a view of a person.</summary>
    public static bool Belongs(ReviewBatch batch, ReviewProgress progress, BatchView view, string? person) =>
        view switch
        {
            BatchView.Open => batch.ClosedAt is null,
            BatchView.Mine => batch.ClosedAt is null && person is not null && IsOf(batch, person),
            BatchView.Conflicts => progress.Conflicts > 0,
            BatchView.Closed => batch.ClosedAt is not null,
            _ => true,
        };

    private static bool IsOf(ReviewBatch batch, string person) =>
        batch.Assignees.Count == 0 || batch.Assignees.Contains(person, StringComparer.Ordinal);

    private static bool Mentions(ReviewBatch batch, string text) =>
        batch
            .Assignees.Concat([batch.Name, batch.Dataset!.Name, batch.CreatedBy])
            .Any(field => field.Contains(text, StringComparison.OrdinalIgnoreCase));
}
