using System.Text.Json;
using System.Text.Unicode;

namespace CLGRPO.Data.Datasets;

/// <summary>Reads a JSON object by known keys only and notes everything that is wrong with it, instead of stopping at the first.</summary>
internal sealed class StrictJson
{
    // A row is flat but for its attributes: deeper nesting is never ours.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    private readonly JsonElement _object;
    private readonly string _where;
    private readonly List<string> _problems;

    private StrictJson(JsonElement element, string where, List<string> problems, ReadOnlySpan<string> keys)
    {
        (_object, _where, _problems) = (element, where, problems);
        foreach (var property in element.EnumerateObject())
        {
            if (!keys.Contains(property.Name))
                problems.Add(
                    $"unknown key {Quote(where + property.Name)}; known are {string.Join(", ", keys.ToArray())}"
                );
        }
    }

    /// <summary>Parses one JSON object; null, with the reason noted, where the bytes are none.</summary>
    public static StrictJson? Parse(ReadOnlyMemory<byte> utf8, List<string> problems, params ReadOnlySpan<string> keys)
    {
        if (!Utf8.IsValid(utf8.Span))
        {
            problems.Add("not UTF-8 text");
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return new StrictJson(document.RootElement.Clone(), "", problems, keys);
            problems.Add($"a JSON object is expected, not {Kind(document.RootElement)}");
        }
        catch (JsonException exception)
        {
            problems.Add($"not valid JSON: {exception.Message}");
        }
        return null;
    }

    public string? Text(string key) => Find(key, required: true) is { } value ? AsText(value, key) : null;

    public string? OptionalText(string key) => Find(key, required: false) is { } value ? AsText(value, key) : null;

    public int? Integer(string key)
    {
        if (Find(key, required: true) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
            return number;
        Note(key, value, "a whole number");
        return null;
    }

    public IReadOnlyList<string>? Texts(string key) =>
        Find(key, required: true) is { } value ? AsTexts(value, key) : null;

    /// <summary>A nested object with known keys.</summary>
    public StrictJson? Object(string key, params ReadOnlySpan<string> keys)
    {
        if (ObjectElement(key) is not { } value)
            return null;
        return new StrictJson(value, _where + key + ".", _problems, keys);
    }

    /// <summary>A nested object whose keys are data and whose values are lists of strings.</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>>? Lists(string key) => Entries(key, AsTexts);

    /// <summary>A nested object whose keys are data and whose values are strings.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Pairs(string key) => Entries(key, AsText);

    /// <summary>A value as it stands in a message: quoted, escaped, shortened.</summary>
    public static string Quote(string value) =>
        '\''
        + string.Concat(
            (value.Length > 80 ? value[..80] + "…" : value).Select(c =>
                char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()
            )
        )
        + '\'';

    private List<KeyValuePair<string, T>>? Entries<T>(string key, Func<JsonElement, string, T?> read)
        where T : class
    {
        if (ObjectElement(key) is not { } value)
            return null;
        var entries = new List<KeyValuePair<string, T>>();
        foreach (var property in value.EnumerateObject())
        {
            if (read(property.Value, $"{key}.{property.Name}") is { } entry)
                entries.Add(new(property.Name, entry));
        }
        return entries;
    }

    private JsonElement? ObjectElement(string key)
    {
        if (Find(key, required: true) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return value;
        Note(key, value, "an object");
        return null;
    }

    private JsonElement? Find(string key, bool required)
    {
        if (_object.TryGetProperty(key, out var value))
            return value;
        if (required)
            _problems.Add($"missing key {Quote(_where + key)}");
        return null;
    }

    private string? AsText(JsonElement value, string key)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Note(key, value, "a string");
            return null;
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            _problems.Add($"{Quote(_where + key)} holds half a surrogate pair, which is no text");
            return null;
        }
    }

    private IReadOnlyList<string>? AsTexts(JsonElement value, string key)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Note(key, value, "a list of strings");
            return null;
        }
        var texts = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (AsText(item, key) is not { } text)
                return null;
            texts.Add(text);
        }
        return texts;
    }

    private void Note(string key, JsonElement value, string expected) =>
        _problems.Add($"{Quote(_where + key)} must be {expected}, not {Kind(value)}");

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "the number " + value.GetRawText(),
            JsonValueKind.True or JsonValueKind.False => "a truth value",
            _ => "null",
        };
}
