namespace CLGRPO.Training.Stages;

/// <summary>Guesses what a misspelt word was meant to be.</summary>
internal static class Suggestion
{
    /// <summary><c> Did you mean 'x'?</c>, or an empty text when nothing is near.</summary>
    public static string For(string word, IEnumerable<string> known) =>
        Nearest(word, known) is { } meant ? $" Did you mean '{meant}'?" : "";

    /// <summary>The known word that was probably meant; null when nothing is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var (best, distance) = ("", int.MaxValue);
        foreach (var candidate in known)
        {
            var d = Distance(word.ToLowerInvariant(), candidate);
            (best, distance) = d < distance ? (candidate, d) : (best, distance);
        }
        return distance <= Math.Max(2, word.Length / 3) ? best : null;
    }

    /// <summary>Levenshtein's edit distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
