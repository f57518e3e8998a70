using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>Which tags a run may have.</summary>
internal static class RunTagRules
{
    private const int MostLetters = 40;

    /// <summary>Why they may not; null when they may.</summary>
    public static string? Problem(IReadOnlyList<string> tags) =>
        tags.Count > RunCard.MostTags ? $"There are {tags.Count} tags; at most {RunCard.MostTags} fit."
        : tags.Any(tag => tag is not { Length: > 0 and <= MostLetters }) ? $"A tag has 1 to {MostLetters} characters."
        : null;

    /// <returns>The tags, each once.</returns>
    /// <exception cref="ArgumentException">They may not be.</exception>
    public static IReadOnlyList<string> Checked(IEnumerable<string> tags)
    {
        List<string> once = [.. tags.Distinct(StringComparer.Ordinal)];
        return Problem(once) is { } problem ? throw new ArgumentException(problem) : once;
    }
}
