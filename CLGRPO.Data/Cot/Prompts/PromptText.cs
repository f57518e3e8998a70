using System.Text;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Cot.Prompts;

/// <summary>Fills a prompt's placeholders in one pass: braces inside a value stay text.</summary>
public static class PromptText
{
    private static readonly Dictionary<PromptPurpose, string[]> Placeholders = new()
    {
        [PromptPurpose.Generate] = ["question", "labels", "label", "attributes"],
        [PromptPurpose.Verify] = ["question", "labels", "reasoning"],
    };

    private static readonly Dictionary<PromptPurpose, string> Needed = new()
    {
        [PromptPurpose.Generate] = "label",
        [PromptPurpose.Verify] = "reasoning",
    };

    /// <summary>Why a template cannot serve its purpose; null when it can.</summary>
    public static string? Problem(PromptPurpose purpose, string template)
    {
        var names = Pieces(template).Where(piece => piece.IsPlaceholder).Select(piece => piece.Text).ToList();
        var unknown = names.Except(Placeholders[purpose], StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
            return $"{{{unknown}}} is no placeholder of a prompt to {purpose.ToString().ToLowerInvariant()}; known are {string.Join(", ", Placeholders[purpose].Select(name => $"{{{name}}}"))}.";
        return names.Contains(Needed[purpose], StringComparer.Ordinal)
            ? null
            : $"The prompt lacks {{{Needed[purpose]}}}, which the teacher must be told.";
    }

    /// <param name="template">A template without a <see cref="Problem"/>.</param>
    /// <param name="values">Placeholder → text.</param>
    /// <exception cref="KeyNotFoundException">A placeholder has no value.</exception>
    public static string Fill(string template, IReadOnlyDictionary<string, string> values) =>
        string.Concat(Pieces(template).Select(piece => piece.IsPlaceholder ? values[piece.Text] : piece.Text));

    /// <summary>What lies between braces is a placeholder when it is a lower-case word; other braces are text.</summary>
    private static IEnumerable<(bool IsPlaceholder, string Text)> Pieces(string template)
    {
        var text = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            var end = template[i] == '{' ? template.IndexOf('}', i) : -1;
            var name = end > i + 1 ? template[(i + 1)..end] : "";
            if (name.Length == 0 || !name.All(char.IsAsciiLetterLower))
            {
                text.Append(template[i]);
                continue;
            }
            yield return (false, text.ToString());
            text.Clear();
            yield return (true, name);
            i = end;
        }
        yield return (false, text.ToString());
    }
}
