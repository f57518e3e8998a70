namespace CLGRPO.Data.Datasets;

/// <summary>What must hold of a dataset's description and of each of its rows; used when writing and when reading.</summary>
internal sealed class DatasetRules
{
    /// <summary>Characters of a label, of an attribute's name and of a value: they are shown on buttons and in tables.</summary>
    public const int MaxWordLength = 200;

    private const int MaxIdLength = 256;
    private const int MaxNameLength = 64;

    private readonly HashSet<string> _labels;
    private readonly Dictionary<string, HashSet<string>> _values;
    private readonly Dictionary<string, string> _ids = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (Split Split, string Place)> _images = new(StringComparer.Ordinal);

    public DatasetRules(DatasetInfo info)
    {
        _labels = info.Labels.ToHashSet(StringComparer.Ordinal);
        _values = info.Attributes.ToDictionary(
            a => a.Name,
            a => a.Values.ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal
        );
    }

    /// <summary>Everything wrong with a description.</summary>
    public static IEnumerable<string> Check(DatasetInfo info)
    {
        if (!IsName(info.Name))
            yield return $"name {StrictJson.Quote(info.Name)} must be 1 to {MaxNameLength} lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit, and not 'blobs'";
        if (string.IsNullOrWhiteSpace(info.Question))
            yield return "question is empty; write the prompt asked about each image";
        if (info.Labels.Count < 2)
            yield return $"labels has {info.Labels.Count} entries; at least 2 are needed";
        foreach (var reason in CheckWords("labels", info.Labels))
            yield return reason;
        foreach (var reason in CheckWords("attributes", [.. info.Attributes.Select(attribute => attribute.Name)]))
            yield return reason;
        foreach (
            var reason in info.Attributes.SelectMany(attribute =>
                CheckWords("attributes." + attribute.Name, attribute.Values)
            )
        )
            yield return reason;
    }

    /// <summary>Everything wrong with a row; remembers it, so that later rows can be compared with it.</summary>
    /// <param name="place">File and line, for the message about a later row.</param>
    public IEnumerable<string> Check(Sample sample, Split split, string place)
    {
        if (!IsId(sample.Id))
            yield return $"id {StrictJson.Quote(sample.Id)} must be 1 to {MaxIdLength} letters, digits, '.', '_' or '-', beginning with a letter or digit";
        else if (!_ids.TryAdd(sample.Id, place))
            yield return $"id {StrictJson.Quote(sample.Id)} is already used at {_ids[sample.Id]} (ids are compared without case)";
        if (!_labels.Contains(sample.Label))
            yield return $"unknown label {StrictJson.Quote(sample.Label)}; known are {string.Join(", ", _labels)}";
        foreach (var reason in CheckAttributes(sample))
            yield return reason;
        foreach (var reason in CheckImage(sample, split, place))
            yield return reason;
        if (sample.Completion is null != sample.Teacher is null)
            yield return "completion and teacher belong together: give both or neither";
    }

    private IEnumerable<string> CheckAttributes(Sample sample)
    {
        foreach (var (name, values) in sample.Attributes)
        {
            if (!_values.TryGetValue(name, out var allowed))
            {
                yield return $"unknown attribute {StrictJson.Quote(name)}; known are {string.Join(", ", _values.Keys)}";
                continue;
            }
            foreach (var value in values.Where(value => !allowed.Contains(value)))
                yield return $"unknown value {StrictJson.Quote(value)} of attribute '{name}'";
            if (values.Distinct(StringComparer.Ordinal).Count() < values.Count)
                yield return $"attribute '{name}' names a value twice";
        }
    }

    private IEnumerable<string> CheckImage(Sample sample, Split split, string place)
    {
        if (!DatasetHash.IsHash(sample.Image))
            yield return $"image {StrictJson.Quote(sample.Image)} must be a SHA-256, 64 lower-case hex digits";
        else if (!_images.TryAdd(sample.Image, (split, place)) && _images[sample.Image].Split != split)
            yield return $"the image of id {StrictJson.Quote(sample.Id)} is also at {_images[sample.Image].Place}: splits must not share images";
    }

    private static IEnumerable<string> CheckWords(string what, IReadOnlyList<string> words)
    {
        if (words.Any(word => string.IsNullOrWhiteSpace(word) || word.Trim() != word || word.Any(char.IsControl)))
            yield return $"{what} holds an entry that is empty, padded with blanks or has control characters";
        if (words.Any(word => word.Length > MaxWordLength))
            yield return $"{what} holds an entry of {words.Max(word => word.Length)} characters; at most {MaxWordLength} are taken";
        if (words.Distinct(StringComparer.OrdinalIgnoreCase).Count() < words.Count)
            yield return $"{what} names an entry twice (case is ignored)";
    }

    /// <summary>Whether a text may be a sample's id.</summary>
    public static bool IsId(string id) =>
        id.Length is > 0 and <= MaxIdLength
        && char.IsAsciiLetterOrDigit(id[0])
        && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static bool IsName(string name) =>
        name.Length <= MaxNameLength && IsId(name) && !name.Any(char.IsAsciiLetterUpper) && name != "blobs";
}
