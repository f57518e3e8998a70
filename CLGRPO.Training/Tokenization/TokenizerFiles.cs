using System.Text.Json;

namespace CLGRPO.Training.Tokenization;

/// <summary>The tokenizer of a model folder: tokenizer.json, or vocab.json and merges.txt with what is added to them.</summary>
public static class TokenizerFiles
{
    private const long MaxBytes = 4L << 20;

    /// <exception cref="FileNotFoundException">The folder has neither form.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or the files contradict each other.</exception>
    public static Tokenizer Load(string folder)
    {
        var single = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(single))
            return Tokenizer.Load(single);
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        if (!File.Exists(vocabulary) || !File.Exists(merges))
            throw new FileNotFoundException($"{folder} has neither tokenizer.json nor vocab.json and merges.txt.");
        return Tokenizer.Load(vocabulary, merges, AddedTokens(folder));
    }

    /// <summary>
    /// tokenizer_config.json describes added tokens by id; added_tokens.json, older, gives ids alone, and the special ones
    /// are then those that the settings name.
    /// </summary>
    private static IEnumerable<AddedToken> AddedTokens(string folder)
    {
        using var config = TryRead(folder, "tokenizer_config.json");
        using var older = TryRead(folder, "added_tokens.json");
        using var map = TryRead(folder, "special_tokens_map.json");
        var tokens = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        if (config?.RootElement.TryGetProperty("added_tokens_decoder", out var decoder) == true)
        {
            foreach (var entry in decoder.EnumerateObject())
                tokens.Add(entry.Value.GetProperty("content").GetString()!, Described(entry));
        }
        var special = SpecialNames(config).Concat(SpecialNames(map)).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in older?.RootElement.EnumerateObject() ?? default)
        {
            tokens.TryAdd(
                entry.Name,
                new AddedToken(entry.Name, special.Contains(entry.Name)) { Id = entry.Value.GetInt32() }
            );
        }
        return tokens.Values.OrderBy(token => token.Id);
    }

    private static AddedToken Described(JsonProperty entry)
    {
        bool Flag(string name) => entry.Value.TryGetProperty(name, out var flag) && flag.GetBoolean();
        return new AddedToken(entry.Value.GetProperty("content").GetString()!, Flag("special"))
        {
            Id = int.Parse(entry.Name),
            LeftStrip = Flag("lstrip"),
            RightStrip = Flag("rstrip"),
            Normalized = Flag("normalized"),
        };
    }

    /// <summary>eos_token, pad_token …, additional_special_tokens: texts, or objects with a content.</summary>
    private static IEnumerable<string> SpecialNames(JsonDocument? settings) =>
        settings is null
            ? []
            : settings
                .RootElement.EnumerateObject()
                .Where(entry =>
                    entry.Name.EndsWith("_token", StringComparison.Ordinal) || entry.Name == "additional_special_tokens"
                )
                .SelectMany(entry =>
                    entry.Value.ValueKind == JsonValueKind.Array
                        ? [.. entry.Value.EnumerateArray()]
                        : new[] { entry.Value }
                )
                .Select(value =>
                    value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content)
                        ? content
                        : value
                )
                .Where(value => value.ValueKind == JsonValueKind.String)
                .Select(value => value.GetString()!);

    private static JsonDocument? TryRead(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
            return null;
        if (new FileInfo(path).Length > MaxBytes)
            throw new InvalidDataException($"{path} is longer than the {MaxBytes} bytes that are read.");
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is not valid JSON: {e.Message}", e);
        }
    }
}
