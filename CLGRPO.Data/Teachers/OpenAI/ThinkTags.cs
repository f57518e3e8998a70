using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>A text cut at its inline think tags.</summary>
/// <param name="Before">White space before the opening tag.</param>
/// <param name="Open">The opening tag, or empty where the prompt already held it or there are no tags.</param>
/// <param name="Reasoning">Between the tags; null where there are no tags.</param>
/// <param name="Close">The closing tag, or empty where it is missing.</param>
/// <param name="Content">The rest. All five together are the text.</param>
public sealed record ThinkTags(string Before, string Open, string? Reasoning, string Close, string Content)
{
    private const string OpenTag = CompletionFormat.ThinkOpen;
    private const string CloseTag = CompletionFormat.ThinkClose;

    /// <summary>
    /// Cuts a complete text. Tags count only at its beginning: an opening tag after other words is content. A closing tag without an
    /// opening one ends a reasoning that the prompt began. Nested tags belong to the reasoning; an unclosed tag makes all of it reasoning.
    /// </summary>
    public static ThinkTags Split(string text)
    {
        var start = text.AsSpan().TrimStart().StartsWith(OpenTag, StringComparison.Ordinal)
            ? text.IndexOf(OpenTag, StringComparison.Ordinal)
            : -1;
        if (start >= 0)
        {
            var inner = start + OpenTag.Length;
            var end = EndOf(text, inner);
            return end < 0
                ? new(text[..start], OpenTag, text[inner..], "", "")
                : new(text[..start], OpenTag, text[inner..end], CloseTag, text[(end + CloseTag.Length)..]);
        }
        var close = text.IndexOf(CloseTag, StringComparison.Ordinal);
        var open = text.IndexOf(OpenTag, StringComparison.Ordinal);
        return close >= 0 && (open < 0 || open > close)
            ? new("", "", text[..close], CloseTag, text[(close + CloseTag.Length)..])
            : new("", "", null, "", text);
    }

    // The closing tag that balances the opening one; where none does, the last there is.
    private static int EndOf(string text, int from)
    {
        var depth = 1;
        for (var at = from; ; )
        {
            var close = text.IndexOf(CloseTag, at, StringComparison.Ordinal);
            if (close < 0)
            {
                var last = text.LastIndexOf(CloseTag, StringComparison.Ordinal);
                return last >= from ? last : -1;
            }
            var open = text.IndexOf(OpenTag, at, StringComparison.Ordinal);
            if (open >= 0 && open < close)
            {
                depth++;
                at = open + OpenTag.Length;
                continue;
            }
            if (--depth == 0)
            {
                return close;
            }
            at = close + CloseTag.Length;
        }
    }
}
