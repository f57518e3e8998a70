using System.Globalization;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Cot.Checks;

/// <summary>
/// Compares what a reasoning names with the annotation. A mention of a value where the annotation has others is a
/// contradiction; an attribute whose annotation is absent is not known and contradicts nothing (reference/emoset.md §3, §4).
/// </summary>
public sealed class AttributeMentions
{
    private readonly Dictionary<string, List<(string Attribute, string Value)>> _values = new(StringComparer.Ordinal);
    private readonly int _longest;

    /// <param name="attributes">The vocabulary.</param>
    /// <param name="labels">Labels are conclusions, not mentions: values that are called like one are left out.</param>
    public AttributeMentions(IReadOnlyList<AttributeVocabulary> attributes, IReadOnlyList<string> labels)
    {
        var conclusions = labels.Select(label => string.Join(' ', Words(label))).ToHashSet(StringComparer.Ordinal);
        foreach (var attribute in attributes)
        {
            foreach (var value in attribute.Values.Where(IsNamed))
            {
                var words = Words(value);
                var name = string.Join(' ', words);
                if (conclusions.Contains(name))
                    continue;
                if (!_values.TryGetValue(name, out var known))
                    _values[name] = known = [];
                known.Add((attribute.Name, value));
                _longest = Math.Max(_longest, words.Length);
            }
        }
    }

    /// <summary>The attributes of which the reasoning names only values that the annotation does not have, in order of appearance.</summary>
    /// <param name="reasoning">Hostile text.</param>
    /// <param name="annotation">Attribute → values; see <see cref="Sample.Attributes"/>.</param>
    public IReadOnlyList<string> Contradictions(
        string reasoning,
        IReadOnlyDictionary<string, IReadOnlyList<string>> annotation
    ) =>
        [
            .. Mentions(reasoning)
                .GroupBy(mention => mention.Attribute, StringComparer.Ordinal)
                .Where(mentions =>
                    annotation.TryGetValue(mentions.Key, out var values)
                    && !mentions.Any(mention => values.Contains(mention.Value, StringComparer.Ordinal))
                )
                .Select(mentions => mentions.Key),
        ];

    /// <summary>Every value that the text names in whole words; of overlapping names the longest counts.</summary>
    public IEnumerable<(string Attribute, string Value)> Mentions(string text)
    {
        var words = Words(text);
        for (var i = 0; i < words.Length; i++)
        {
            for (var length = Math.Min(_longest, words.Length - i); length > 0; length--)
            {
                if (!_values.TryGetValue(string.Join(' ', words, i, length), out var found))
                    continue;
                foreach (var mention in found)
                    yield return mention;
                i += length - 1;
                break;
            }
        }
    }

    /// <summary>Numbers (brightness 0.3) are measured, not named.</summary>
    private static bool IsNamed(string value) =>
        !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static string[] Words(string text)
    {
        var spaced = string.Concat(text.Select(c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' '));
        return spaced.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
