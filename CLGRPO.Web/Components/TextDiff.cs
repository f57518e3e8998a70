namespace CLGRPO.Web.Components;

public enum DiffKind
{
    Same,
    Removed,
    Added,
}

/// <summary>A run of words that both texts share, or that one of them has alone.</summary>
public sealed record DiffPart(DiffKind Kind, string Text);

/// <summary>What differs between two texts, word by word: the longest common subsequence stays.</summary>
public static class TextDiff
{
    // The table has words × words cells; beyond this the texts are shown as a whole.
    private const int MostCells = 4_000_000;

    public static IReadOnlyList<DiffPart> Of(string before, string after)
    {
        var (old, edited) = (Words(before), Words(after));
        if ((long)old.Count * edited.Count > MostCells)
            return [new(DiffKind.Removed, before), new(DiffKind.Added, after)];
        var common = Common(old, edited);
        var parts = new List<(DiffKind Kind, string Word)>();
        var (i, j) = (0, 0);
        while (i < old.Count || j < edited.Count)
        {
            if (i < old.Count && j < edited.Count && old[i] == edited[j])
            {
                parts.Add((DiffKind.Same, old[i]));
                (i, j) = (i + 1, j + 1);
            }
            else if (j == edited.Count || (i < old.Count && common[i + 1, j] >= common[i, j + 1]))
            {
                parts.Add((DiffKind.Removed, old[i++]));
            }
            else
            {
                parts.Add((DiffKind.Added, edited[j++]));
            }
        }
        return Join(parts);
    }

    /// <summary>Words with the blanks that follow them: joined they are the text.</summary>
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            if (i < text.Length && !(char.IsWhiteSpace(text[i - 1]) && !char.IsWhiteSpace(text[i])))
                continue;
            words.Add(text[start..i]);
            start = i;
        }
        return words;
    }

    /// <summary>[i, j]: length of the longest common subsequence of what begins at i and at j.</summary>
    private static int[,] Common(List<string> old, List<string> edited)
    {
        var common = new int[old.Count + 1, edited.Count + 1];
        for (var i = old.Count - 1; i >= 0; i--)
        {
            for (var j = edited.Count - 1; j >= 0; j--)
                common[i, j] =
                    old[i] == edited[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }
        return common;
    }

    private static List<DiffPart> Join(IEnumerable<(DiffKind Kind, string Word)> words)
    {
        var parts = new List<DiffPart>();
        foreach (var (kind, word) in words)
        {
            if (parts.Count > 0 && parts[^1].Kind == kind)
                parts[^1] = new(kind, parts[^1].Text + word);
            else
                parts.Add(new(kind, word));
        }
        return parts;
    }
}
