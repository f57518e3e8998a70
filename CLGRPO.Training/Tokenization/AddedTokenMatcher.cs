using System.Buffers;

namespace CLGRPO.Training.Tokenization;

/// <summary>Finds added tokens in text: the leftmost, and of those the longest; matches never overlap.</summary>
/// <remarks>As Hugging Face's AddedVocabulary does, down to a special token hiding a token inside it even where it is not recognised.</remarks>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<char, (string Content, AddedToken Token)[]> _byFirst;
    private readonly SearchValues<char> _firsts;

    /// <summary>Prepares the search.</summary>
    /// <param name="tokens">What to look for: the text as it appears, and the token it stands for (its id is set).</param>
    public AddedTokenMatcher(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        _byFirst = tokens
            .GroupBy(entry => entry.Content[0])
            .ToDictionary(
                group => group.Key,
                group => group.OrderByDescending(entry => entry.Content.Length).ToArray()
            );
        _firsts = SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>A stretch of text; <paramref name="Token"/> is null where it is plain.</summary>
    public readonly record struct Piece(int Start, int End, AddedToken? Token);

    /// <summary>Cuts <paramref name="text"/> into plain stretches and tokens, in order; empty stretches are left out.</summary>
    public IEnumerable<Piece> Split(string text, bool allowSpecialTokens)
    {
        var done = 0;
        var at = 0;
        while (Find(text, at) is { } match)
        {
            at = match.End;
            if (match.Token is not { } token || (token.Special && !allowSpecialTokens))
            {
                continue;
            }
            var start = token.LeftStrip ? Math.Max(StartOfSpace(text, match.Start), done) : match.Start;
            var end = token.RightStrip ? EndOfSpace(text, match.End) : match.End;
            if (done < start)
            {
                yield return new Piece(done, start, null);
            }
            yield return new Piece(start, end, token);
            done = end;
        }
        if (done < text.Length)
        {
            yield return new Piece(done, text.Length, null);
        }
    }

    private Piece? Find(string text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            var skip = text.AsSpan(at).IndexOfAny(_firsts);
            if (skip < 0)
            {
                return null;
            }
            at += skip;
            foreach (var (content, token) in _byFirst[text[at]])
            {
                if (text.AsSpan(at).StartsWith(content, StringComparison.Ordinal))
                {
                    return new Piece(at, at + content.Length, token);
                }
            }
        }
        return null;
    }

    private static int StartOfSpace(string text, int at)
    {
        while (at > 0 && char.IsWhiteSpace(text[at - 1]))
        {
            at--;
        }
        return at;
    }

    private static int EndOfSpace(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at;
    }
}
