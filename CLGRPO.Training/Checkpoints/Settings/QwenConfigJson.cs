using System.Text.Json.Nodes;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>The language model's section: <c>text_config</c> of Hugging Face's files, <c>llm_config</c> of the original's. Qwen2 only.</summary>
internal static class QwenConfigJson
{
    // Settings of training that a conversion keeps though nothing here uses them, with transformers' values where none are given.
    private static readonly (string Key, Func<JsonNode> Default)[] Kept =
    [
        ("attention_dropout", () => SmallJson.Float(0)),
        ("initializer_range", () => SmallJson.Float(0.02)),
        ("max_window_layers", () => 28),
    ];

    /// <summary>Reads either form.</summary>
    public static LanguageConfig Read(ConfigSection language)
    {
        language.Only("model_type", "qwen2", "the language model of InternVL2.5-1B and InternVL3-1B");
        language.Only("hidden_act", "silu", "Qwen2 has no other activation");
        language.Only("use_sliding_window", false, "every token sees all before it");
        if (language["layer_types"] is JsonArray types && types.Any(type => type?.ToString() != "full_attention"))
            language.Fault($"'layer_types' is {language.Show("layer_types")}; only full_attention is supported");
        var config = new LanguageConfig
        {
            HiddenSize = language.Size("hidden_size"),
            Layers = language.Size("num_hidden_layers", most: ModelConfigJson.MostLayers),
            Heads = language.Size("num_attention_heads"),
            KeyValueHeads = language.Size("num_key_value_heads"),
            IntermediateSize = language.Size("intermediate_size"),
            VocabularySize = language.Size("vocab_size"),
            RmsNormEps = language.Number("rms_norm_eps", 1e-6),
            RopeTheta =
                language["rope_theta"] is null && language["rope_parameters"] is not null
                    ? language.Section("rope_parameters").Number("rope_theta")
                    : language.Number("rope_theta"),
            DynamicRopeFactor = RopeScaling.DynamicFactor(language),
            MaxPositions = language.Size("max_position_embeddings"),
        };
        language.Only("head_dim", config.HeadSize, "a head has hidden_size / num_attention_heads");
        return config;
    }

    /// <summary>Hugging Face's form.</summary>
    /// <param name="language">Shape.</param>
    /// <param name="special">Gives the end token, which a file of the original may have wrong.</param>
    /// <param name="source">The original's section, where there is one.</param>
    public static JsonObject Write(LanguageConfig language, SpecialTokens special, JsonObject? source)
    {
        var layers = Enumerable.Repeat("full_attention", language.Layers).Select(type => (JsonNode?)type);
        var text = new JsonObject
        {
            ["eos_token_id"] = special.ImEnd,
            ["hidden_act"] = "silu",
            ["hidden_size"] = language.HiddenSize,
            ["intermediate_size"] = language.IntermediateSize,
            ["layer_types"] = new JsonArray([.. layers]),
            ["max_position_embeddings"] = language.MaxPositions,
            ["model_type"] = "qwen2",
            ["num_attention_heads"] = language.Heads,
            ["num_hidden_layers"] = language.Layers,
            ["num_key_value_heads"] = language.KeyValueHeads,
            ["rms_norm_eps"] = SmallJson.Float(language.RmsNormEps),
            ["rope_scaling"] = RopeScaling.Write(language.DynamicRopeFactor, "rope_type"),
            ["rope_theta"] = SmallJson.Float(language.RopeTheta),
            ["sliding_window"] = null,
            ["use_cache"] = true,
            ["use_sliding_window"] = false,
            ["vocab_size"] = language.VocabularySize,
        };
        foreach (var (key, otherwise) in Kept)
            text[key] = source?[key]?.DeepClone() ?? otherwise();
        if (language.TieEmbeddings) // transformers leaves a value out that is its default; here that is false
            text["tie_word_embeddings"] = true;
        return text;
    }

    /// <summary>The original's form.</summary>
    public static JsonObject WriteOriginal(LanguageConfig language, SpecialTokens special) =>
        new()
        {
            ["architectures"] = new JsonArray("Qwen2ForCausalLM"),
            ["model_type"] = "qwen2",
            ["tie_word_embeddings"] = language.TieEmbeddings,
            ["rope_scaling"] = RopeScaling.Write(language.DynamicRopeFactor, "type"),
            ["bos_token_id"] = special.EndOfText,
            ["eos_token_id"] = special.ImEnd,
            ["hidden_size"] = language.HiddenSize,
            ["num_hidden_layers"] = language.Layers,
            ["num_attention_heads"] = language.Heads,
            ["num_key_value_heads"] = language.KeyValueHeads,
            ["intermediate_size"] = language.IntermediateSize,
            ["vocab_size"] = language.VocabularySize,
            ["rms_norm_eps"] = SmallJson.Float(language.RmsNormEps),
            ["rope_theta"] = SmallJson.Float(language.RopeTheta),
            ["max_position_embeddings"] = language.MaxPositions,
            ["hidden_act"] = "silu",
        };
}
