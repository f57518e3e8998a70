using System.Text;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers.Rules;

/// <summary>Reasonings over any annotation: what is there, then what it speaks for.</summary>
internal static class AnnotationRules
{
    /// <summary>For example: <c> the brightness is 0.8. the scene is beach. the object is dog and ball. this speaks for contentment.</c></summary>
    public static string Write(IReadOnlyList<SampleValue> attributes, string label)
    {
        var text = new StringBuilder();
        foreach (
            var attribute in attributes
                .Select(row => row.Value!)
                .OrderBy(value => value.AttributeOrder)
                .ThenBy(value => value.ValueOrder)
                .GroupBy(value => value.Attribute, StringComparer.Ordinal)
        )
        {
            text.Append(
                Sentence(Plain(attribute.Key), [.. attribute.Where(v => v.Value is not null).Select(v => v.Value!)])
            );
        }
        return text.Append($" this speaks for {label}.").ToString();
    }

    /// <summary>The label that is named last, as whole words; null where none is.</summary>
    public static string? Judge(string reasoning, IReadOnlyList<string> labels)
    {
        var words = Words(reasoning).ToList();
        var last = labels
            .Select(label => (Label: label, Words: Words(label).ToList()))
            .Select(label => (label.Label, label.Words.Count, At: LastIndexOf(words, label.Words)))
            .Where(label => label.At >= 0)
            .OrderByDescending(label => label.At + label.Count)
            .ThenByDescending(label => label.Count) // "mild anger" before "anger"
            .FirstOrDefault();
        return last.Label;
    }

    /// <summary>The text's words: runs of letters and digits.</summary>
    public static IEnumerable<string> Words(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var isWord = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (isWord && start < 0)
            {
                start = i;
            }
            else if (!isWord && start >= 0)
            {
                yield return text[start..i];
                start = -1;
            }
        }
    }

    private static string Sentence(string name, List<string> values) =>
        values.Count switch
        {
            0 => $" there is no {name}.",
            1 => $" the {name} is {Plain(values[0])}.",
            _ => $" the {name} is {string.Join(", ", values[..^1].Select(Plain))} and {Plain(values[^1])}.",
        };

    private static string Plain(string name) =>
        string.Join(' ', name.Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries));

    private static int LastIndexOf(List<string> words, List<string> label)
    {
        for (var at = words.Count - label.Count; at >= 0 && label.Count > 0; at--)
        {
            if (label.Index().All(word => words[at + word.Index].Equals(word.Item, StringComparison.OrdinalIgnoreCase)))
            {
                return at;
            }
        }
        return -1;
    }
}
