using System.Text.Json;

namespace CLGRPO.Training.Tokenization;

/// <summary>Reads Hugging Face's tokenizer.json for byte-level BPE of the Qwen2 kind.</summary>
/// <remarks>
/// What would change an id is honoured or refused: another model, normalizer, pre-tokenizer, decoder, or post-processor.
/// Truncation and padding are left aside, since callers cut and pad batches themselves. Format: huggingface/tokenizers.
/// </remarks>
internal static class TokenizerJsonReader
{
    public const long MaxBytes = 64L << 20;
    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Strict = new()
    {
        MaxDepth = MaxDepth,
        AllowDuplicateProperties = false,
    };

    public static TokenizerDefinition Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, Strict);
        var root = document.RootElement;
        Require(root.ValueKind == JsonValueKind.Object, "the file", "is not a JSON object");
        var composes = ReadNormalizer(root);
        CheckPreTokenizer(root);
        Require(
            TypeOf(root, "decoder") == "ByteLevel",
            "decoder",
            $"is {Show(root, "decoder")}; only ByteLevel is known"
        );
        Require(
            TypeOf(root, "post_processor") is null or "ByteLevel",
            "post_processor",
            $"is {Show(root, "post_processor")}; only null and ByteLevel, which leave the ids alone, are known"
        );
        var model = Member(root, "model");
        CheckModel(model);
        return new TokenizerDefinition
        {
            Vocabulary = ReadVocabulary(Member(model, "vocab")),
            Merges = ReadMerges(Member(model, "merges")),
            AddedTokens = Optional(root, "added_tokens") is { } added
                ? [.. added.EnumerateArray().Select(ReadAddedToken)]
                : [],
            ComposesText = composes,
        };
    }

    public static Dictionary<string, int> ReadVocabulary(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, Strict);
        return ReadVocabulary(document.RootElement);
    }

    /// <summary>One merge as merges.txt writes it: two tokens with a space between.</summary>
    public static (string Left, string Right) ReadMerge(string line) =>
        line.Split(' ') is [var left, var right]
            ? (left, right)
            : throw new InvalidDataException($"merge “{line}” is not two tokens with one space between.");

    private static bool ReadNormalizer(JsonElement root)
    {
        var type = TypeOf(root, "normalizer");
        Require(type is null or "NFC", "normalizer", $"is {Show(root, "normalizer")}; only NFC and null are known");
        return type == "NFC";
    }

    private static void CheckPreTokenizer(JsonElement root)
    {
        const string name = "pre_tokenizer";
        Require(
            TypeOf(root, name) == "Sequence",
            name,
            $"is {Show(root, name)}; only a Sequence of Qwen2's Split and ByteLevel is known"
        );
        var steps = Member(Member(root, name), "pretokenizers").EnumerateArray().ToList();
        Require(
            steps.Count == 2 && TypeOf(steps[0]) == "Split" && TypeOf(steps[1]) == "ByteLevel",
            name,
            $"has the steps {string.Join(", ", steps.Select(TypeOf))}; only Split, ByteLevel is known"
        );
        var pattern = Optional(Member(steps[0], "pattern"), "Regex")?.GetString();
        // The allow-list of patterns: one. It is never run as a pattern; Qwen2Pattern does its work.
        Require(
            pattern == Qwen2Pattern.Text,
            name,
            $"splits by the pattern “{pattern}”; only Qwen2's “{Qwen2Pattern.Text}” is known"
        );
        Require(
            Member(steps[0], "behavior").GetString() == "Isolated" && !Flag(steps[0], "invert"),
            name,
            "splits otherwise than Isolated and not inverted"
        );
        Require(
            !Flag(steps[1], "add_prefix_space") && !Flag(steps[1], "use_regex", otherwise: true),
            name,
            "has a ByteLevel step with add_prefix_space or use_regex; both must be false"
        );
    }

    private static void CheckModel(JsonElement model)
    {
        Require(TypeOf(model) is null or "BPE", "model", $"is {TypeOf(model)}; only BPE is known");
        foreach (var flag in (ReadOnlySpan<string>)["byte_fallback", "ignore_merges"])
        {
            Require(!Flag(model, flag), $"model.{flag}", "is true; only false is known");
        }
        foreach (var affix in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
        {
            Require(
                string.IsNullOrEmpty(Optional(model, affix)?.GetString()),
                $"model.{affix}",
                "is set; byte-level tokens have none"
            );
        }
        Require(
            (Optional(model, "dropout")?.GetDouble() ?? 0) == 0,
            "model.dropout",
            "is set; encoding must be deterministic"
        );
    }

    private static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary)
    {
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocabulary.EnumerateObject())
        {
            if (!entry.Value.TryGetInt32(out var id))
            {
                throw new InvalidDataException(
                    $"token “{entry.Name}” has the id {entry.Value}; ids are whole numbers."
                );
            }
            tokens.Add(entry.Name, id);
        }
        return tokens;
    }

    private static List<(string, string)> ReadMerges(JsonElement merges) =>
        [
            .. merges
                .EnumerateArray()
                .Select(merge =>
                    merge.ValueKind == JsonValueKind.String ? ReadMerge(merge.GetString()!) : ReadPair(merge)
                ),
        ];

    private static (string, string) ReadPair(JsonElement merge) =>
        merge.GetArrayLength() == 2
            ? (TextOf(merge[0]), TextOf(merge[1]))
            : throw new InvalidDataException($"merge {merge} is not a pair of tokens.");

    private static AddedToken ReadAddedToken(JsonElement token)
    {
        var content = TextOf(Member(token, "content"));
        Require(!Flag(token, "single_word"), $"added token “{content}”", "is single_word; only false is known");
        return new AddedToken(content, Flag(token, "special"))
        {
            Id = Member(token, "id").GetInt32(),
            LeftStrip = Flag(token, "lstrip"),
            RightStrip = Flag(token, "rstrip"),
            Normalized = Flag(token, "normalized"),
        };
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        Optional(parent, name) ?? throw new InvalidDataException($"{name} is missing.");

    private static JsonElement? Optional(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? TypeOf(JsonElement parent, string name) =>
        Optional(parent, name) is { } value ? TypeOf(value) : null;

    private static string? TypeOf(JsonElement value) => Optional(value, "type")?.GetString();

    private static string Show(JsonElement parent, string name) =>
        Optional(parent, name) is { } value ? TypeOf(value) ?? "without a type" : "missing";

    private static string TextOf(JsonElement value) =>
        value.GetString() ?? throw new InvalidDataException("null stands where a token is needed.");

    private static bool Flag(JsonElement parent, string name, bool otherwise = false) =>
        Optional(parent, name)?.GetBoolean() ?? otherwise;

    private static void Require(bool holds, string where, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException($"{where} {otherwise}.");
        }
    }
}
