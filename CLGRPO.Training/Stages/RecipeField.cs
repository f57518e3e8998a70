namespace CLGRPO.Training.Stages;

/// <summary>What a setting takes.</summary>
public enum FieldKind
{
    /// <summary>A word or a line.</summary>
    Text,

    /// <summary>Text of several lines.</summary>
    LongText,
    Whole,
    Number,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>One of <see cref="RecipeField.Choices"/>.</summary>
    Choice,

    /// <summary>Numbers between commas.</summary>
    Numbers,

    /// <summary>Words between commas.</summary>
    Texts,

    /// <summary>A group of settings that may be left out: true while it is there.</summary>
    Switch,

    /// <summary>A list of groups; its text is their number.</summary>
    List,
}

/// <summary>A setting of a recipe as it is edited: what is written, what may be written, what it means.</summary>
public sealed record RecipeField
{
    // A limit that only keeps sums finite says nothing to people.
    private const double Endless = 1e6;

    /// <summary>Such as <c>stages[2].epsilon_high</c>.</summary>
    public required string Path { get; init; }
    public required FieldKind Kind { get; init; }

    /// <summary>As it is written, also when it cannot be read; empty where an optional one is left out.</summary>
    public required string Text { get; init; }

    /// <summary>What stands where the key is left out; null where it must be given.</summary>
    public string? Default { get; init; }
    public bool IsOptional { get; init; }
    public double? Least { get; init; }

    /// <summary>The least value itself is allowed.</summary>
    public bool LeastIncluded { get; init; } = true;
    public double? Most { get; init; }

    /// <summary>The words it takes; for text, words that are known.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Its line in the written recipe, from 1; 0 where it is left out.</summary>
    public int Line { get; init; }
    public SettingGuide Guide { get; init; } = SettingGuide.None;

    /// <summary>The last word of the path.</summary>
    public string Key => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>The place in <c>stages</c>; null outside them.</summary>
    public int? Stage =>
        Path.StartsWith("stages[", StringComparison.Ordinal)
            ? int.Parse(Path.AsSpan(7, Path.IndexOf(']', StringComparison.Ordinal) - 7))
            : null;

    /// <summary>Such as <c>1 to 64</c>; empty where everything goes.</summary>
    public string Limits
    {
        get
        {
            var least = Least is { } low ? (LeastIncluded ? "from " : "above ") + RecipeWriter.Format(low) : null;
            var range = (least, Most) switch
            {
                (null, _) => "",
                _ when Least <= -Endless => "",
                (_, null) => least,
                _ when LeastIncluded => $"{RecipeWriter.Format(Least!.Value)} to {RecipeWriter.Format(Most.Value)}",
                _ => $"{least}, to {RecipeWriter.Format(Most.Value)}",
            };
            return IsOptional && range.Length > 0 ? $"empty, or {range}" : range;
        }
    }
}
