using System.Text.RegularExpressions;

namespace CLGRPO.Data.Cot;

/// <summary>The text form of a chain of thought: <c>&lt;think&gt; reasoning &lt;/think&gt;&lt;answer&gt; label &lt;/answer&gt;</c>.</summary>
/// <remarks>Source: METHOD, "completion format" (our reading of the paper).</remarks>
public static partial class CotText
{
    private static readonly string[] Tags = ["<think>", "</think>", "<answer>", "</answer>"];

    /// <summary>Writes reasoning and label in the format.</summary>
    public static string Compose(string reasoning, string label) =>
        $"<think>{reasoning}</think><answer>{label}</answer>";

    /// <summary>True when the whole text is one reasoning and one answer, each tag exactly once.</summary>
    public static bool IsWellFormed(string text) => TryParse(text, out _, out _);

    /// <summary>Takes a well-formed text apart; both parts come trimmed.</summary>
    /// <returns>False, and empty parts, when the text is not in the format.</returns>
    public static bool TryParse(string text, out string reasoning, out string answer)
    {
        (reasoning, answer) = ("", "");
        var match = Whole().Match(text);
        if (
            !match.Success
            || Array.Exists(
                Tags,
                tag =>
                    text.IndexOf(tag, StringComparison.Ordinal)
                    != text.LastIndexOf(tag, StringComparison.Ordinal)
            )
        )
            return false;
        (reasoning, answer) = (
            match.Groups["think"].Value.Trim(),
            match.Groups["answer"].Value.Trim()
        );
        return true;
    }

    // \z, not $: in .NET $ also matches before a final line break.
    [GeneratedRegex(
        @"\A<think>(?<think>.+?)</think>\s*<answer>(?<answer>.+?)</answer>\z",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Whole();
}
