namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>Which emoji are the same picture in variations (skin tone, gender, direction): they must stay in one split.</summary>
internal static class EmojiFamily
{
    // Variation selector, joiner, female, male, facing right, five skin tones.
    private static readonly HashSet<string> Modifiers =
    [
        "FE0F",
        "200D",
        "2640",
        "2642",
        "27A1",
        "1F3FB",
        "1F3FC",
        "1F3FD",
        "1F3FE",
        "1F3FF",
    ];
    private static readonly HashSet<string> Persons = ["1F468", "1F469", "1F9D1"];

    /// <summary>The same key for all variations of an emoji.</summary>
    public static string Key(EmojiEntry emoji)
    {
        if (emoji.Subcategory == "family")
            return "family"; // couples and families differ in their members only
        var points = emoji.Unified.Split('-');
        var rest = points.Where(point => !Modifiers.Contains(point)).ToList();
        if (rest.Count > 1 && Persons.Contains(rest[0]))
            rest[0] = "person"; // man, woman or person with the same trade
        return rest.Count > 0 ? string.Join('-', rest) : emoji.Unified;
    }

    /// <summary>Groups pictures so that equal families and equal files end up together.</summary>
    /// <param name="pictures">Family and content hash of each picture.</param>
    /// <returns>For each picture the number of its group: the first picture in it.</returns>
    public static int[] Group(IReadOnlyList<(string Family, string Hash)> pictures)
    {
        var parents = new int[pictures.Count];
        var firsts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < parents.Length; i++)
        {
            parents[i] = i;
            foreach (var key in (string[])["family " + pictures[i].Family, "hash " + pictures[i].Hash])
            {
                if (!firsts.TryAdd(key, i))
                    Join(parents, firsts[key], i);
            }
        }
        return [.. parents.Select(parent => Root(parents, parent))];
    }

    private static void Join(int[] parents, int a, int b)
    {
        (a, b) = (Root(parents, a), Root(parents, b));
        parents[Math.Max(a, b)] = Math.Min(a, b);
    }

    private static int Root(int[] parents, int i)
    {
        while (parents[i] != i)
            i = parents[i];
        return i;
    }
}
