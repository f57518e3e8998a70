using System.Security.Cryptography;
using System.Text;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing;

/// <summary>What must hold of a row before it becomes a sample.</summary>
/// <param name="description">Labels and vocabulary.</param>
/// <param name="withoutTexts">Chains of thought are not wanted.</param>
internal sealed class RowRules(SourceDescription description, bool withoutTexts)
{
    private const int KeyHashDigits = 10;
    private const int MaxKeyStem = 100;
    private const int MaxTextLength = 65_536;

    private readonly HashSet<string> _labels = description.Labels!.ToHashSet(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _values = description.Attributes.ToDictionary(
        attribute => attribute.Name,
        attribute => attribute.Values.ToHashSet(StringComparer.Ordinal),
        StringComparer.Ordinal
    );

    /// <summary>The part of the row that is to be imported.</summary>
    public SourceRow Wanted(SourceRow row) => withoutTexts ? row with { Completion = null, Teacher = null } : row;

    /// <summary>What is wrong with the row, all of it in one line; null when nothing is.</summary>
    public string? Problem(SourceRow row)
    {
        var reasons = Problems(row).ToList();
        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    /// <summary>The row's own id, or one made of its picture's path: readable, legal, and the same every time.</summary>
    public static string KeyOf(SourceRow row)
    {
        if (row.Key is not null)
            return row.Key;
        var path = row.Image;
        var stem = path[..(path.Length - Path.GetExtension(path).Length)];
        var key = stem.Replace('/', '.');
        if (stem.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '/') && DatasetRules.IsId(key))
            return key;
        // Made legal, different paths may look alike: the path's hash keeps them apart.
        var legal = string.Concat(key.Take(MaxKeyStem).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)));
        return $"i{legal}-{hash[..KeyHashDigits]}";
    }

    private IEnumerable<string> Problems(SourceRow row)
    {
        if (!DatasetRules.IsId(KeyOf(row)))
            yield return $"id {StrictJson.Quote(KeyOf(row))} must be 1 to 256 letters, digits, '.', '_' or '-', beginning with a letter or digit";
        if (row.Label.Length > DatasetRules.MaxWordLength)
            yield return TooLong("the label", row.Label, DatasetRules.MaxWordLength);
        else if (!_labels.Contains(row.Label))
            yield return $"unknown label {StrictJson.Quote(row.Label)}; known are {string.Join(", ", _labels.Take(20))}";
        foreach (var (name, values) in row.Attributes)
        {
            if (!_values.TryGetValue(name, out var allowed))
                yield return $"unknown attribute {StrictJson.Quote(name)}";
            else if (values.FirstOrDefault(value => !allowed.Contains(value)) is { } strange)
                yield return $"unknown value {StrictJson.Quote(strange)} of attribute '{name}'";
        }
        if (row.Completion is null != row.Teacher is null)
            yield return "completion and teacher belong together: give both or neither";
        if (row.Completion?.Length > MaxTextLength)
            yield return TooLong("the completion", row.Completion, MaxTextLength);
        if (row.Teacher?.Length > DatasetRules.MaxWordLength)
            yield return TooLong("the teacher's name", row.Teacher, DatasetRules.MaxWordLength);
        if (row.Group?.Length > DatasetRules.MaxWordLength)
            yield return TooLong("the group", row.Group, DatasetRules.MaxWordLength);
    }

    private static string TooLong(string what, string text, int most) =>
        $"{what} {StrictJson.Quote(text)} has {text.Length} characters; at most {most} are taken";
}
