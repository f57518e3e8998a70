using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Training.Tokenization;

/// <summary>Writes Hugging Face's tokenizer.json, always in the same form: equal tokenizers give equal bytes.</summary>
internal static class TokenizerJsonWriter
{
    public static void Write(TokenizerDefinition tokenizer, Stream stream)
    {
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
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
}
