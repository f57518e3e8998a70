using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Training.Tokenization;

/// <summary>Reads and writes Hugging Face's tokenizer.json for byte-level BPE of the Qwen2 kind.</summary>
/// <remarks>
/// What would change an id is honoured or refused: another model, normalizer, pre-tokenizer, decoder, or post-processor.
/// Truncation and padding are left aside, since callers cut and pad batches themselves. Format: huggingface/tokenizers.
/// </remarks>
internal static class TokenizerJson
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
            : throw new InvalidDataException(
                $"merge “{line}” is not two tokens with one space between."
            );

    public static void Write(TokenizerDefinition tokenizer, Stream stream)
    {
        var options = new JsonWriterOptions
        {
            Indented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using var writer = new Utf8JsonWriter(stream, options);
        writer.WriteStartObject();
        writer.WriteString("version", "1.0");
        writer.WriteNull("truncation");
        writer.WriteNull("padding");
        writer.WriteStartArray("added_tokens");
        foreach (var token in tokenizer.AddedTokens.OrderBy(token => token.Id))
        {
            Write(token, writer);
        }
        writer.WriteEndArray();
        writer.WritePropertyName("normalizer");
        writer.WriteRawValue(tokenizer.ComposesText ? """{"type":"NFC"}""" : "null");
        writer.WritePropertyName("pre_tokenizer");
        WritePreTokenizer(writer);
        writer.WriteNull("post_processor");
        writer.WritePropertyName("decoder");
        WriteByteLevel(writer, useRegex: true);
        WriteModel(tokenizer, writer);
        writer.WriteEndObject();
    }

    private static bool ReadNormalizer(JsonElement root)
    {
        var type = TypeOf(root, "normalizer");
        Require(
            type is null or "NFC",
            "normalizer",
            $"is {Show(root, "normalizer")}; only NFC and null are known"
        );
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
        foreach (
            var affix in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"]
        )
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
            Require(
                entry.Value.TryGetInt32(out var id),
                $"token “{entry.Name}”",
                $"has the id {entry.Value}; ids are whole numbers"
            );
            tokens.Add(entry.Name, id);
        }
        return tokens;
    }

    private static List<(string, string)> ReadMerges(JsonElement merges) =>
        [
            .. merges
                .EnumerateArray()
                .Select(merge =>
                    merge.ValueKind == JsonValueKind.String
                        ? ReadMerge(merge.GetString()!)
                        : ReadPair(merge)
                ),
        ];

    private static (string, string) ReadPair(JsonElement merge)
    {
        Require(merge.GetArrayLength() == 2, $"merge {merge}", "is not a pair of tokens");
        return (TextOf(merge[0]), TextOf(merge[1]));
    }

    private static AddedToken ReadAddedToken(JsonElement token)
    {
        var content = TextOf(Member(token, "content"));
        Require(
            !Flag(token, "single_word"),
            $"added token “{content}”",
            "is single_word; only false is known"
        );
        return new AddedToken(content, Flag(token, "special"))
        {
            Id = Member(token, "id").GetInt32(),
            LeftStrip = Flag(token, "lstrip"),
            RightStrip = Flag(token, "rstrip"),
            Normalized = Flag(token, "normalized"),
        };
    }

    private static void Write(AddedToken token, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", token.Id!.Value);
        writer.WriteString("content", token.Content);
        writer.WriteBoolean("single_word", false);
        writer.WriteBoolean("lstrip", token.LeftStrip);
        writer.WriteBoolean("rstrip", token.RightStrip);
        writer.WriteBoolean("normalized", token.Normalized);
        writer.WriteBoolean("special", token.Special);
        writer.WriteEndObject();
    }

    private static void WritePreTokenizer(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Sequence");
        writer.WriteStartArray("pretokenizers");
        writer.WriteStartObject();
        writer.WriteString("type", "Split");
        writer.WriteStartObject("pattern");
        writer.WriteString("Regex", Qwen2Pattern.Text);
        writer.WriteEndObject();
        writer.WriteString("behavior", "Isolated");
        writer.WriteBoolean("invert", false);
        writer.WriteEndObject();
        WriteByteLevel(writer, useRegex: false);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter writer, bool useRegex)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", useRegex); // both without effect in a decoder
        writer.WriteBoolean("trim_offsets", true);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }

    private static void WriteModel(TokenizerDefinition tokenizer, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("model");
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteNull("unk_token");
        writer.WriteNull("continuing_subword_prefix");
        writer.WriteNull("end_of_word_suffix");
        writer.WriteBoolean("fuse_unk", false);
        writer.WriteBoolean("byte_fallback", false);
        writer.WriteBoolean("ignore_merges", false);
        writer.WriteStartObject("vocab");
        foreach (var (token, id) in tokenizer.Vocabulary.OrderBy(entry => entry.Value))
        {
            writer.WriteNumber(token, id);
        }
        writer.WriteEndObject();
        writer.WriteStartArray("merges");
        foreach (var (left, right) in tokenizer.Merges)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(left);
            writer.WriteStringValue(right);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        Optional(parent, name) ?? throw new InvalidDataException($"{name} is missing.");

    private static JsonElement? Optional(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

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
