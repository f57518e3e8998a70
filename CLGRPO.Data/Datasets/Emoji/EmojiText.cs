using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>Writes the chain of thought of an emoji from its name, short names and subcategory.</summary>
internal static class EmojiText
{
    /// <summary>Who writes it.</summary>
    public const string Teacher = "unicode-names";

    /// <summary>For example: <c>this shows a grinning face. it is also called grinning. its kind is face smiling, so it belongs to Smileys &amp; Emotion.</c></summary>
    /// <param name="tone">The skin tone in words; null for the emoji as such.</param>
    public static string Write(EmojiEntry emoji, string? tone)
    {
        var name = Words(emoji.Name);
        var others = emoji
            .ShortNames.Select(Words)
            .Where(other => other != name)
            .Distinct(StringComparer.Ordinal)
            .Take(3)
            .ToList();
        var seen = tone is null ? $" this shows {name}." : $" this shows {name} with {tone} skin.";
        var called = others.Count > 0 ? $" it is also called {string.Join(", ", others)}." : "";
        return CompletionFormat.Write(
            $"{seen}{called} its kind is {Words(emoji.Subcategory)}, so it belongs to {emoji.Category}.",
            ' ' + emoji.Category,
            CompletionStyle.Cot
        );
    }

    /// <summary>A skin tone in words; for two people, both tones.</summary>
    public static string Tone(string modifiers) =>
        string.Join(
            " and ",
            modifiers
                .Split('-')
                .Select(modifier =>
                    modifier switch
                    {
                        "1F3FB" => "light",
                        "1F3FC" => "medium light",
                        "1F3FD" => "medium",
                        "1F3FE" => "medium dark",
                        "1F3FF" => "dark",
                        _ => throw new InvalidDataException($"'{modifier}' is not a skin tone."),
                    }
                )
                .Distinct(StringComparer.Ordinal)
        );

    private static string Words(string name) =>
        string.Join(' ', name.ToLowerInvariant().Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries));
}
