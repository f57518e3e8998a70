using System.Buffers;
using System.Globalization;
using System.Text;

namespace CLGRPO.Training.Tokenization.Normalization;

/// <summary>Unicode normalization form C, as Hugging Face's tokenizers compute it.</summary>
/// <remarks>
/// Their library normalises by Unicode 9.0, so a combining mark assigned later is an ordinary character to it.
/// <see cref="string.Normalize()"/> follows whatever ICU the machine has (and does nothing without one), hence our own
/// table, nfc.txt. Algorithm: Unicode Standard, chapter 3.11; Hangul by arithmetic, chapter 3.12.
/// </remarks>
internal static class CanonicalComposition
{
    private const int FirstAffected = 0x300; // no character below it changes, whatever precedes it
    private const int SyllableBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TailCount;

    private static readonly Dictionary<int, byte> CombiningClasses = [];
    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];

    /// <summary>Characters that NFC may change, move or join to the one before; all others begin a piece of their own.</summary>
    private static readonly HashSet<int> Affected = [];

    static CanonicalComposition()
    {
        using var table =
            typeof(CanonicalComposition).Assembly.GetManifestResourceStream("nfc.txt")
            ?? throw new InvalidOperationException("The assembly lacks its resource nfc.txt.");
        using var reader = new StreamReader(table);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                ReadLine(line.Split(' '));
            }
        }
        Affected.UnionWith(Enumerable.Range(VowelBase, VowelCount));
        Affected.UnionWith(Enumerable.Range(TailBase + 1, TailCount - 1));
    }

    /// <summary>Returns <paramref name="text"/> in form C; the same string where nothing changes.</summary>
    /// <remarks>Linear, but for runs of combining marks, which are sorted. A lone surrogate is left as it is.</remarks>
    public static string Normalize(string text)
    {
        var at = NextAffected(text, 0);
        if (at == text.Length)
        {
            return text;
        }
        var result = new StringBuilder(text.Length);
        var done = 0;
        while (at < text.Length)
        {
            var start = PreviousCharacter(text, at, done);
            var end = EndOfPiece(text, at);
            result.Append(text, done, start - done);
            AppendComposed(result, text.AsSpan(start, end - start));
            done = end;
            at = NextAffected(text, end);
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    private static void ReadLine(string[] fields)
    {
        if (fields.Length == 2) // first..last class
        {
            var range = fields[0].Split("..");
            for (var c = Hex(range[0]); c <= Hex(range[1]); c++)
            {
                CombiningClasses[c] = byte.Parse(fields[1], CultureInfo.InvariantCulture);
                Affected.Add(c);
            }
            return;
        }
        var character = Hex(fields[0]); // character, = or !, decomposition
        var parts = fields[2..].Select(Hex).ToArray();
        Decompositions[character] = parts;
        if (fields[1] == "=")
        {
            Compositions[(parts[0], parts[1])] = character;
            Affected.Add(parts[1]);
        }
        else
        {
            Affected.Add(character);
        }
    }

    private static int Hex(string digits) => Convert.ToInt32(digits, 16);

    private static int NextAffected(string text, int from)
    {
        var at = from;
        while (at < text.Length)
        {
            if (text[at] >= FirstAffected && IsAffected(text, at))
            {
                return at;
            }
            at++;
        }
        return at;
    }

    private static bool IsAffected(string text, int at) =>
        Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out _) == OperationStatus.Done
        && Affected.Contains(rune.Value);

    /// <summary>Where the character before <paramref name="at"/> starts, since a mark may join it.</summary>
    private static int PreviousCharacter(string text, int at, int floor) =>
        Rune.DecodeLastFromUtf16(text.AsSpan(floor, at - floor), out _, out var width) == OperationStatus.Done
            ? at - width
            : at; // nothing before it, or half a surrogate pair, which nothing joins

    private static int EndOfPiece(string text, int from)
    {
        var at = from;
        while (at < text.Length && IsAffected(text, at))
        {
            at += char.IsHighSurrogate(text[at]) ? 2 : 1;
        }
        return at;
    }

    private static void AppendComposed(StringBuilder result, ReadOnlySpan<char> piece)
    {
        var characters = new List<int>(piece.Length);
        foreach (var rune in piece.EnumerateRunes())
        {
            Decompose(rune.Value, characters);
        }
        SortMarks(characters);
        foreach (var character in Compose(characters))
        {
            result.Append(new Rune(character).ToString());
        }
    }

    private static void Decompose(int character, List<int> into)
    {
        var syllable = character - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            into.Add(LeadBase + (syllable / (VowelCount * TailCount)));
            into.Add(VowelBase + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount != 0)
            {
                into.Add(TailBase + (syllable % TailCount));
            }
        }
        else if (Decompositions.TryGetValue(character, out var parts))
        {
            foreach (var part in parts)
            {
                Decompose(part, into);
            }
        }
        else
        {
            into.Add(character);
        }
    }

    private static int ClassOf(int character) => CombiningClasses.GetValueOrDefault(character);

    private static void SortMarks(List<int> characters)
    {
        var start = 0;
        while (start < characters.Count)
        {
            var end = start;
            while (end < characters.Count && ClassOf(characters[end]) != 0)
            {
                end++;
            }
            if (end - start > 1)
            {
                var sorted = characters.GetRange(start, end - start).OrderBy(ClassOf).ToList(); // stable
                characters.RemoveRange(start, end - start);
                characters.InsertRange(start, sorted);
            }
            start = end + 1;
        }
    }

    private static List<int> Compose(List<int> characters)
    {
        var composed = new List<int>(characters.Count);
        var starter = -1; // index in composed
        var lastClass = 0;
        foreach (var character in characters)
        {
            var ownClass = ClassOf(character);
            var reachesStarter = starter >= 0 && (lastClass == 0 || lastClass < ownClass);
            if (reachesStarter && Joined(composed[starter], character) is { } joined)
            {
                composed[starter] = joined;
                continue;
            }
            if (ownClass == 0)
            {
                starter = composed.Count;
            }
            lastClass = ownClass;
            composed.Add(character);
        }
        return composed;
    }

    private static int? Joined(int first, int second)
    {
        var lead = first - LeadBase;
        var vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return SyllableBase + (((lead * VowelCount) + vowel) * TailCount);
        }
        var syllable = first - SyllableBase;
        var tail = second - TailBase;
        if (syllable is >= 0 and < SyllableCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
        {
            return first + tail;
        }
        return Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }
}
