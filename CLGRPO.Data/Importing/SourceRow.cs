using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing;

/// <summary>What a source says about one picture. Nothing in it is checked yet.</summary>
public sealed record SourceRow
{
    /// <summary>The row's own id; null where the source has none, and the picture's path makes one.</summary>
    public string? Key { get; init; }

    /// <summary>The picture inside the source.</summary>
    public required string Image { get; init; }
    public required string Label { get; init; }

    /// <summary>Attribute → values; see <see cref="Sample.Attributes"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Attributes { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
    public Split? Split { get; init; }
    public string? Group { get; init; }
    public string? Completion { get; init; }
    public string? Teacher { get; init; }
}

/// <summary>A row of a source, or why there is none at that place. Exactly one of <paramref name="Row"/> and <paramref name="Problem"/> is set.</summary>
/// <param name="File">Inside the source.</param>
/// <param name="Line">From 1; in a JSON list the element's place.</param>
public sealed record SourceEntry(string File, long Line, SourceRow? Row, string? Problem)
{
    public static SourceEntry Of(string file, long line, SourceRow row) => new(file, line, row, null);

    public static SourceEntry Bad(string file, long line, string problem) => new(file, line, null, problem);
}

/// <summary>What a source says about itself as a whole.</summary>
/// <param name="Labels">The classes in the source's own order; null where only the rows tell, and order of first appearance counts.</param>
/// <param name="Attributes">The vocabulary in its own order; values that rows bring beyond it are reported.</param>
/// <param name="Question">Null where the source has none.</param>
/// <param name="Licence">Null where the source states none.</param>
/// <param name="Rows">How many rows there are; null where counting them means reading them all.</param>
public sealed record SourceDescription(
    IReadOnlyList<string>? Labels,
    IReadOnlyList<AttributeVocabulary> Attributes,
    string? Question = null,
    string? Licence = null,
    long? Rows = null
);
