using CLGRPO.Data.Cot;

namespace CLGRPO.Web.Inference;

/// <summary>
/// Parts a completion that arrives piece by piece into reasoning and content. The tags count at the beginning alone, white space aside; the
/// first closing tag ends the reasoning, an unclosed one makes all of it reasoning. Reasoning, content and tags, joined, are the text.
/// </summary>
public sealed class ReasoningSplitter
{
    private const string Open = CompletionFormat.ThinkOpen;
    private const string Close = CompletionFormat.ThinkClose;
    private State _state = State.Beginning;
    private string _held = "";
    private int _decided;

    private enum State
    {
        Beginning,
        Reasoning,
        Content,
    }

    /// <summary>Characters of the text whose side is known.</summary>
    public int Decided => _decided;

    /// <summary>Characters up to which the text is reasoning, tags included; grows until the reasoning ends.</summary>
    public int ReasoningEnd { get; private set; }

    /// <summary>Takes more text.</summary>
    /// <param name="last">Nothing comes after it: what was held back is given.</param>
    public (string Reasoning, string Content) Append(string text, bool last = false)
    {
        _held += text;
        var (reasoning, content) = ("", "");
        if (_state == State.Beginning)
            content = Begin(last);
        if (_state == State.Reasoning)
            reasoning = Reason(last);
        if (_state == State.Content)
            content += Take(_held.Length);
        return (reasoning, content);
    }

    /// <returns>White space before the opening tag, which is content.</returns>
    private string Begin(bool last)
    {
        var white = _held.Length - _held.AsSpan().TrimStart().Length;
        var rest = _held.AsSpan(white);
        if (!last && Open.AsSpan().StartsWith(rest) && rest.Length < Open.Length)
            return "";
        if (!rest.StartsWith(Open))
        {
            _state = State.Content;
            return "";
        }
        var before = Take(white);
        Take(Open.Length);
        ReasoningEnd = _decided;
        _state = State.Reasoning;
        return before;
    }

    private string Reason(bool last)
    {
        var end = _held.IndexOf(Close, StringComparison.Ordinal);
        var certain =
            end >= 0 ? end
            : last ? _held.Length
            : _held.Length - HeldBack();
        var reasoning = Take(certain);
        if (end >= 0)
        {
            Take(Close.Length);
            _state = State.Content;
        }
        ReasoningEnd = _decided;
        return reasoning;
    }

    /// <summary>Characters at the end that the closing tag may begin with.</summary>
    private int HeldBack()
    {
        for (var length = Math.Min(Close.Length - 1, _held.Length); length > 0; length--)
        {
            if (_held.EndsWith(Close[..length], StringComparison.Ordinal))
                return length;
        }
        return 0;
    }

    private string Take(int length)
    {
        var taken = _held[..length];
        _held = _held[length..];
        _decided += length;
        return taken;
    }
}
