namespace CLGRPO.Data.Cot;

/// <summary>The parts of a completion. A part that is missing or ambiguous is null.</summary>
/// <param name="Think">The reasoning, untrimmed.</param>
/// <param name="Answer">The text between the tags when the completion holds exactly one answer, well formed or not.</param>
/// <param name="WellFormed">The whole completion keeps the format of its style.</param>
public sealed record ParsedCompletion(string? Think, string? Answer, bool WellFormed);

/// <summary>Reads and writes the completion format; every reward and every evaluation goes through here.</summary>
/// <remarks>
/// A linear scan, no regular expression: completions are written by a model under a reward for finding loopholes.
/// The rule is <c>^&lt;think&gt;.+?&lt;/think&gt;\s*&lt;answer&gt;.+?&lt;/answer&gt;$</c> with every tag once.
/// </remarks>
public static class CompletionFormat
{
    public const string ThinkOpen = "<think>";
    public const string ThinkClose = "</think>";
    public const string AnswerOpen = "<answer>";
    public const string AnswerClose = "</answer>";

    public static ParsedCompletion Parse(string completion, CompletionStyle style)
    {
        var think = Between(completion, ThinkOpen, ThinkClose);
        var answer = Between(completion, AnswerOpen, AnswerClose);
        return new ParsedCompletion(
            TextOf(completion, think),
            TextOf(completion, answer),
            style == CompletionStyle.Cot
                ? IsCot(completion, think, answer)
                : !HasTag(completion, ThinkOpen, ThinkClose) && IsWhole(completion, answer)
        );
    }

    /// <summary>Writes a completion that <see cref="Parse"/> finds well formed.</summary>
    public static string Write(string? think, string answer, CompletionStyle style) =>
        style == CompletionStyle.Cot
            ? $"{ThinkOpen}{think}{ThinkClose}{AnswerOpen}{answer}{AnswerClose}"
            : $"{AnswerOpen}{answer}{AnswerClose}";

    /// <summary>Whether the answer names the label: trimmed, letter case ignored.</summary>
    public static bool Matches(string? answer, string label) =>
        answer is not null && answer.AsSpan().Trim().Equals(label.AsSpan().Trim(), StringComparison.OrdinalIgnoreCase);

    private static bool IsCot(string completion, Range? think, Range? answer)
    {
        if (think is not { } inner || answer is not { } label || inner.Start.Value != ThinkOpen.Length)
        {
            return false;
        }
        var afterThink = inner.End.Value + ThinkClose.Length;
        var answerTag = label.Start.Value - AnswerOpen.Length;
        return afterThink <= answerTag
            && !IsEmpty(inner)
            && !IsEmpty(label)
            && completion.AsSpan(afterThink, answerTag - afterThink).IsWhiteSpace()
            && label.End.Value + AnswerClose.Length == completion.Length;
    }

    private static bool IsWhole(string completion, Range? answer) =>
        answer is { } label
        && !IsEmpty(label)
        && label.Start.Value == AnswerOpen.Length
        && label.End.Value + AnswerClose.Length == completion.Length;

    /// <summary>The text between two tags that occur once each and in order; null otherwise.</summary>
    private static Range? Between(string text, string open, string close)
    {
        var start = OnlyIndexOf(text, open);
        var end = OnlyIndexOf(text, close);
        return start >= 0 && end >= start + open.Length ? new Range(start + open.Length, end) : null;
    }

    private static int OnlyIndexOf(string text, string tag)
    {
        var first = text.IndexOf(tag, StringComparison.Ordinal);
        return first == text.LastIndexOf(tag, StringComparison.Ordinal) ? first : -1;
    }

    private static bool HasTag(string text, string open, string close) =>
        text.Contains(open, StringComparison.Ordinal) || text.Contains(close, StringComparison.Ordinal);

    private static bool IsEmpty(Range range) => range.End.Value == range.Start.Value;

    private static string? TextOf(string text, Range? range) => range is { } inner ? text[inner] : null;
}
