using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Reads and writes <c>config.json</c> in Hugging Face's InternVL layout. Source: reference/internvl.md.</summary>
public static class ModelConfigJson
{
    /// <exception cref="ModelException">A key is missing or of the wrong kind; the message names it.</exception>
    public static ModelConfig Read(string path)
    {
        try
        {
            return Parse(
                JsonNode
                    .Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { MaxDepth = 32 })!
                    .AsObject()
            );
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ModelException)
        {
            throw new ModelException($"{path}: {e.Message}", e);
        }
    }

    private static ModelConfig Parse(JsonObject root)
    {
        var type = Text(root, "model_type");
        if (type != "internvl")
            throw new ModelException(
                $"model_type is '{type}'; this program reads 'internvl' (the Hugging Face layout)."
            );
        var vision = Section(root, "vision_config");
        var text = Section(root, "text_config");
        return new ModelConfig
        {
            Vision = new VisionConfig
            {
                HiddenSize = Integer(vision, "hidden_size"),
                Layers = Integer(vision, "num_hidden_layers"),
                Heads = Integer(vision, "num_attention_heads"),
                IntermediateSize = Integer(vision, "intermediate_size"),
                ImageSize = Side(vision, "image_size"),
                PatchSize = Side(vision, "patch_size"),
                LayerNormEps = Number(vision, "layer_norm_eps", 1e-6),
                InitialLayerScale = Number(vision, "layer_scale_init_value", 0.1),
            },
            Language = new LanguageConfig
            {
                HiddenSize = Integer(text, "hidden_size"),
                Layers = Integer(text, "num_hidden_layers"),
                Heads = Integer(text, "num_attention_heads"),
                KeyValueHeads = Integer(text, "num_key_value_heads"),
                IntermediateSize = Integer(text, "intermediate_size"),
                VocabularySize = Integer(text, "vocab_size"),
                RmsNormEps = Number(text, "rms_norm_eps", 1e-6),
                RopeTheta = Number(text, "rope_theta", 1e6),
                MaxPositions = Integer(text, "max_position_embeddings"),
            },
            DownsampleRatio = Number(root, "downsample_ratio", 0.5),
            ImageTokenId = Integer(root, "image_token_id"),
        };
    }

    /// <summary>The JSON text of a configuration.</summary>
    public static string Write(ModelConfig config, SafetensorsDtype dtype = SafetensorsDtype.F32)
    {
        var (vision, language) = (config.Vision, config.Language);
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray("InternVLForConditionalGeneration"),
            ["downsample_ratio"] = config.DownsampleRatio,
            ["dtype"] = dtype == SafetensorsDtype.BF16 ? "bfloat16" : "float32",
            ["image_seq_length"] = config.TokensPerTile,
            ["image_token_id"] = config.ImageTokenId,
            ["model_type"] = "internvl",
            ["projector_hidden_act"] = "gelu",
            ["text_config"] = new JsonObject
            {
                ["hidden_act"] = "silu",
                ["hidden_size"] = language.HiddenSize,
                ["intermediate_size"] = language.IntermediateSize,
                ["max_position_embeddings"] = language.MaxPositions,
                ["model_type"] = "qwen2",
                ["num_attention_heads"] = language.Heads,
                ["num_hidden_layers"] = language.Layers,
                ["num_key_value_heads"] = language.KeyValueHeads,
                ["rms_norm_eps"] = language.RmsNormEps,
                ["rope_theta"] = language.RopeTheta,
                ["tie_word_embeddings"] = language.TieEmbeddings,
                ["use_sliding_window"] = false,
                ["vocab_size"] = language.VocabularySize,
            },
            ["tie_word_embeddings"] = language.TieEmbeddings,
            ["vision_config"] = new JsonObject
            {
                ["attention_bias"] = true,
                ["hidden_act"] = "gelu",
                ["hidden_size"] = vision.HiddenSize,
                ["image_size"] = new JsonArray(vision.ImageSize, vision.ImageSize),
                ["intermediate_size"] = vision.IntermediateSize,
                ["layer_norm_eps"] = vision.LayerNormEps,
                ["layer_scale_init_value"] = vision.InitialLayerScale,
                ["model_type"] = "internvl_vision",
                ["norm_type"] = "layer_norm",
                ["num_attention_heads"] = vision.Heads,
                ["num_channels"] = 3,
                ["num_hidden_layers"] = vision.Layers,
                ["patch_size"] = new JsonArray(vision.PatchSize, vision.PatchSize),
                ["use_absolute_position_embeddings"] = true,
                ["use_mean_pooling"] = true,
                ["use_qk_norm"] = false,
            },
            ["vision_feature_layer"] = -1,
            ["vision_feature_select_strategy"] = "default",
        };
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static JsonObject Section(JsonObject owner, string key) =>
        owner[key] as JsonObject ?? throw new ModelException($"'{key}' is missing or no object.");

    private static string Text(JsonObject owner, string key) =>
        owner[key]?.GetValue<string>() ?? throw new ModelException($"'{key}' is missing.");

    private static int Integer(JsonObject owner, string key) =>
        owner[key]?.GetValue<int>() ?? throw new ModelException($"'{key}' is missing.");

    private static double Number(JsonObject owner, string key, double otherwise) =>
        owner[key]?.GetValue<double>() ?? otherwise;

    /// <summary>A side that is given once or as [height, width].</summary>
    private static int Side(JsonObject owner, string key)
    {
        if (owner[key] is not JsonArray { Count: 2 } pair)
            return Integer(owner, key);
        var (height, width) = (pair[0]!.GetValue<int>(), pair[1]!.GetValue<int>());
        return height == width
            ? height
            : throw new ModelException($"'{key}' is {height}×{width}; tiles and patches are square.");
    }
}
