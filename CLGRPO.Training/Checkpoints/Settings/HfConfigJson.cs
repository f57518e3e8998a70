using System.Text.Json.Nodes;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>config.json of transformers' InternVLForConditionalGeneration, model_type <c>internvl</c>; layouts B and C.</summary>
/// <remarks>Sources: reference/internvl.md §2–§4; what is written, and in which cases, is what transformers 4.57.6 writes.</remarks>
internal static class HfConfigJson
{
    public const string ModelType = "internvl";

    /// <summary>Reads what the model needs and notes what it cannot honour.</summary>
    public static ModelConfig Read(ConfigSection root, SpecialTokens special)
    {
        var (vision, text) = (root.Section("vision_config"), root.Section("text_config"));
        root.Only("projector_hidden_act", "gelu", "the projector has no other activation");
        root.Only("vision_feature_layer", -1, "features are taken after the last layer");
        root.Only("vision_feature_select_strategy", "default", "the class token is dropped");
        CheckVision(vision);
        var imageToken = root.Size("image_token_id");
        if (imageToken != special.ImgContext)
            root.Fault(
                $"'image_token_id' is {imageToken}, but the tokenizer's {SpecialTokens.ImgContextContent} is {special.ImgContext}; they must agree"
            );
        var config = new ModelConfig
        {
            Vision = new VisionConfig
            {
                HiddenSize = vision.Size("hidden_size"),
                Layers = vision.Size("num_hidden_layers", most: ModelConfigJson.MostLayers),
                Heads = vision.Size("num_attention_heads"),
                IntermediateSize = vision.Size("intermediate_size"),
                ImageSize = vision.Side("image_size"),
                PatchSize = vision.Side("patch_size"),
                LayerNormEps = vision.Number("layer_norm_eps", 1e-6),
                InitialLayerScale = vision.Number("layer_scale_init_value", 0.1),
            },
            Language = QwenConfigJson.Read(text),
            DownsampleRatio = root.Number("downsample_ratio", 0.5),
            ImageTokenId = imageToken,
        };
        if (root["image_seq_length"] is not null && root.Size("image_seq_length") != config.TokensPerTile)
            root.Fault(
                $"'image_seq_length' is {root.Show("image_seq_length")}, but a tile of these sizes makes {config.TokensPerTile} tokens"
            );
        return config;
    }

    /// <param name="config">Shape.</param>
    /// <param name="special">Gives the end token.</param>
    /// <param name="dtype">PyTorch's name of the weights' type.</param>
    /// <param name="language">The language section of an original config.json, where the model came from one.</param>
    public static JsonObject Write(ModelConfig config, SpecialTokens special, string dtype, JsonObject? language)
    {
        var tied = config.Language.TieEmbeddings;
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray("InternVLForConditionalGeneration"),
            ["downsample_ratio"] = SmallJson.Float(config.DownsampleRatio),
            ["dtype"] = dtype,
            ["image_seq_length"] = config.TokensPerTile,
            ["image_token_id"] = config.ImageTokenId,
            ["model_type"] = ModelType,
            ["projector_hidden_act"] = "gelu",
            ["text_config"] = QwenConfigJson.Write(config.Language, special, language),
            ["transformers_version"] = "4.57.6",
            ["vision_config"] = Vision(config.Vision),
            ["vision_feature_layer"] = -1,
            ["vision_feature_select_strategy"] = "default",
        };
        if (!tied) // transformers leaves a value out that is its default; here that is true
            root["tie_word_embeddings"] = false;
        return root;
    }

    /// <summary>Makes the two flags say what the tensors say.</summary>
    public static void SetTied(JsonObject root, bool tied)
    {
        ModelConfigJson.SetFlag(root, "tie_word_embeddings", tied, absent: true);
        ModelConfigJson.SetFlag(root["text_config"]!.AsObject(), "tie_word_embeddings", tied, absent: false);
    }

    private static void CheckVision(ConfigSection vision)
    {
        vision.Only("model_type", "internvl_vision", "the vision tower is InternViT-300M's kind");
        vision.Only("hidden_act", "gelu", "the vision tower has no other activation");
        vision.Only("norm_type", "layer_norm", "the vision tower has no other norm");
        vision.Only("attention_bias", true, "InternViT-300M has biases");
        vision.Only("use_qk_norm", false, "InternViT-300M norms neither queries nor keys");
        vision.Only("use_mean_pooling", true, "InternViT-300M has no last norm");
        vision.Only("use_absolute_position_embeddings", true, "InternViT-300M adds learned positions");
        vision.Only("use_mask_token", false, "no patch is masked");
        vision.Only("num_channels", 3, "pictures are RGB");
    }

    private static JsonObject Vision(VisionConfig vision) =>
        new()
        {
            ["attention_bias"] = true,
            ["attention_dropout"] = SmallJson.Float(0),
            ["hidden_act"] = "gelu",
            ["hidden_dropout_prob"] = SmallJson.Float(0),
            ["hidden_size"] = vision.HiddenSize,
            ["image_size"] = new JsonArray(vision.ImageSize, vision.ImageSize),
            ["initializer_range"] = SmallJson.Float(0.02),
            ["intermediate_size"] = vision.IntermediateSize,
            ["layer_norm_eps"] = SmallJson.Float(vision.LayerNormEps),
            ["layer_scale_init_value"] = SmallJson.Float(vision.InitialLayerScale),
            ["model_type"] = "internvl_vision",
            ["norm_type"] = "layer_norm",
            ["num_attention_heads"] = vision.Heads,
            ["num_channels"] = 3,
            ["num_hidden_layers"] = vision.Layers,
            ["patch_size"] = new JsonArray(vision.PatchSize, vision.PatchSize),
            ["projection_dropout"] = SmallJson.Float(0),
            ["use_absolute_position_embeddings"] = true,
            ["use_mask_token"] = false,
            ["use_mean_pooling"] = true,
            ["use_qk_norm"] = false,
        };
}
