using System.Globalization;
using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>Cuts text into the pieces within which bytes are merged, as Qwen2's pattern does.</summary>
/// <remarks>
/// Written out by hand, one branch for each alternative of <see cref="Text"/>: every character is looked at a few times at
/// most, and no pattern from a file is ever run. Like Oniguruma, which Hugging Face's library uses, a contraction ignores
/// case by Unicode's simple folding (so “'ſ” is one), and letters, numbers and white space are Unicode 16's.
/// </remarks>
internal static class Qwen2Pattern
{
    /// <summary>The pattern as it stands in tokenizer.json.</summary>
    public const string Text =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const char LongS = '\u017F';

    private enum Kind : byte
    {
        Other,
        Letter,
        Number,
        Space,
        LineEnd, // carriage return, line feed; white space too
    }

    private static readonly Kind[] Kinds = [.. Enumerable.Range(0, 0x10000).Select(KindOf)];

    /// <summary>Returns where the piece that starts at <paramref name="start"/> ends; always beyond <paramref name="start"/>.</summary>
    public static int EndOfPiece(ReadOnlySpan<char> text, int start)
    {
        var contraction = ContractionLength(text[start..]);
        if (contraction > 0)
        {
            return start + contraction;
        }
        var kind = KindAt(text, start, out var width);
        var second = start + width;
        switch (kind)
        {
            case Kind.Letter:
                return EndOf(Kind.Letter, text, second);
            case Kind.Number:
                return second;
            case Kind.Other:
                return second < text.Length && KindAt(text, second, out _) == Kind.Letter
                    ? EndOf(Kind.Letter, text, second)
                    : EndOfSymbols(text, second);
            case Kind.Space when second < text.Length:
                return KindAt(text, second, out _) switch
                {
                    Kind.Letter => EndOf(Kind.Letter, text, second),
                    Kind.Other when text[start] == ' ' => EndOfSymbols(text, second),
                    _ => EndOfSpace(text, start),
                };
            default:
                return EndOfSpace(text, start);
        }
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '\'')
        {
            return 0;
        }
        if (text[1] == LongS)
        {
            return 2;
        }
        return (char)(text[1] | 0x20) switch
        {
            's' or 't' or 'm' or 'd' when char.IsAsciiLetter(text[1]) => 2,
            'r' or 'v' when IsThird(text, 'e') => 3,
            'l' when IsThird(text, 'l') => 3,
            _ => 0,
        };
    }

    private static bool IsThird(ReadOnlySpan<char> text, char letter) =>
        char.IsAsciiLetter(text[1]) && text.Length > 2 && char.IsAsciiLetter(text[2]) && (text[2] | 0x20) == letter;

    private static int EndOf(Kind kind, ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && KindAt(text, at, out var width) == kind)
        {
            at += width;
        }
        return at;
    }

    private static int EndOfSymbols(ReadOnlySpan<char> text, int at) =>
        EndOf(Kind.LineEnd, text, EndOf(Kind.Other, text, at));

    // \s*[\r\n]+ : up to the last line end of the run; \s+(?!\S) : all but the last, which begins the next piece,
    // unless the text ends here; \s+ : a single one.
    private static int EndOfSpace(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        var afterLineEnd = start;
        while (end < text.Length && Kinds[text[end]] is var kind and (Kind.Space or Kind.LineEnd))
        {
            end++;
            afterLineEnd = kind == Kind.LineEnd ? end : afterLineEnd;
        }
        if (afterLineEnd > start)
        {
            return afterLineEnd;
        }
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int at, out int width)
    {
        width = 1;
        var first = text[at];
        if (!char.IsHighSurrogate(first) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
        {
            return Kinds[first];
        }
        width = 2;
        return KindOf(char.ConvertToUtf32(first, text[at + 1]));
    }

    private static Kind KindOf(int character) =>
        CharUnicodeInfo.GetUnicodeCategory(character) switch
        {
            _ when character is '\r' or '\n' => Kind.LineEnd,
            _ when character < 0x10000 && char.IsWhiteSpace((char)character) => Kind.Space,
            UnicodeCategory.UppercaseLetter
            or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber =>
                Kind.Number,
            _ => Kind.Other, // half a surrogate pair too: it stands for U+FFFD, a symbol
        };
}
