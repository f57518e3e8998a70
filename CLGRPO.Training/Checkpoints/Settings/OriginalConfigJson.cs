using System.Text.Json.Nodes;
using CLGRPO.Data.Images;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>config.json of the original InternVLChatModel, model_type <c>internvl_chat</c>; layout A.</summary>
/// <remarks>Source: reference/internvl.md §2–§4, §7. The image token is named by the tokenizer alone.</remarks>
internal static class OriginalConfigJson
{
    public const string ModelType = "internvl_chat";

    /// <summary>Reads what the model needs and notes what it cannot honour.</summary>
    public static ModelConfig Read(ConfigSection root, SpecialTokens special)
    {
        var vision = root.Section("vision_config");
        // The original code takes a missing key for v1.
        root.Exactly(
            "ps_version",
            "v2",
            "v1 of the pixel shuffle, which a missing key means, leaves the features transposed"
        );
        root.Only("select_layer", -1, "features are taken after the last layer");
        root.Only("pad2square", false, "pictures are tiled, not padded");
        root.Only("use_backbone_lora", 0, "merge the adapters into the weights first");
        root.Only("use_llm_lora", 0, "merge the adapters into the weights first");
        vision.Only("model_type", "intern_vit_6b", "the name under which InternViT-300M is published");
        vision.Only("hidden_act", "gelu", "the vision tower has no other activation");
        vision.Only("norm_type", "layer_norm", "the vision tower has no other norm");
        vision.Only("qkv_bias", true, "InternViT-300M has biases");
        vision.Only("qk_normalization", false, "InternViT-300M norms neither queries nor keys");
        vision.Only("num_channels", 3, "pictures are RGB");
        var imageSize = vision.Side("image_size");
        root.Only("force_image_size", imageSize, "another size of tile would need other position embeddings");
        return new ModelConfig
        {
            Vision = new VisionConfig
            {
                HiddenSize = vision.Size("hidden_size"),
                Layers = vision.Size("num_hidden_layers", most: ModelConfigJson.MostLayers),
                Heads = vision.Size("num_attention_heads"),
                IntermediateSize = vision.Size("intermediate_size"),
                ImageSize = imageSize,
                PatchSize = vision.Side("patch_size"),
                LayerNormEps = vision.Number("layer_norm_eps", 1e-6),
            },
            Language = QwenConfigJson.Read(root.Section("llm_config")),
            DownsampleRatio = root.Number("downsample_ratio", 0.5),
            ImageTokenId = special.ImgContext,
        };
    }

    /// <summary>How pictures are tiled, which the original keeps beside the shape of the model.</summary>
    public static ImagePreprocessorConfig Tiles(ConfigSection root, int tileSize)
    {
        var tiled = root.Flag("dynamic_image_size", true);
        return new ImagePreprocessorConfig(
            tileSize,
            tiled ? root.Size("min_dynamic_patch", 1) : 1,
            tiled ? root.Size("max_dynamic_patch", 12) : 1,
            root.Flag("use_thumbnail", true)
        );
    }

    public static JsonObject Write(
        ModelConfig config,
        SpecialTokens special,
        ImagePreprocessorConfig images,
        string dtype
    )
    {
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray("InternVLChatModel"),
            ["model_type"] = ModelType,
            ["downsample_ratio"] = SmallJson.Float(config.DownsampleRatio),
            ["force_image_size"] = config.Vision.ImageSize,
            ["ps_version"] = "v2",
            ["select_layer"] = -1,
            ["template"] = "internvl2_5",
            ["llm_config"] = QwenConfigJson.WriteOriginal(config.Language, special),
            ["vision_config"] = Vision(config.Vision),
        };
        SetTiles(root, images);
        if (dtype != "float32") // what transformers takes where nothing is said
            root["torch_dtype"] = dtype;
        return root;
    }

    /// <summary>Sets how pictures are tiled unless the file says so already.</summary>
    public static void SetTiles(JsonObject root, ImagePreprocessorConfig images)
    {
        var said = Tiles(new ConfigSection(root), images.TileSize);
        if (
            root["max_dynamic_patch"] is not null
            && (said.MinTiles, said.MaxTiles, said.UseThumbnail)
                == (images.MinTiles, images.MaxTiles, images.UseThumbnail)
        )
            return;
        root["dynamic_image_size"] = true;
        root["min_dynamic_patch"] = images.MinTiles;
        root["max_dynamic_patch"] = images.MaxTiles;
        root["use_thumbnail"] = images.UseThumbnail;
    }

    /// <summary>Makes the flag say what the tensors say.</summary>
    public static void SetTied(JsonObject root, bool tied)
    {
        ModelConfigJson.SetFlag(root["llm_config"]!.AsObject(), "tie_word_embeddings", tied, absent: false);
        if (root["tie_word_embeddings"] is not null)
            root["tie_word_embeddings"] = tied;
    }

    private static JsonObject Vision(VisionConfig vision) =>
        new()
        {
            ["architectures"] = new JsonArray("InternVisionModel"),
            ["model_type"] = "intern_vit_6b",
            ["hidden_size"] = vision.HiddenSize,
            ["num_hidden_layers"] = vision.Layers,
            ["num_attention_heads"] = vision.Heads,
            ["intermediate_size"] = vision.IntermediateSize,
            ["image_size"] = vision.ImageSize,
            ["patch_size"] = vision.PatchSize,
            ["hidden_act"] = "gelu",
            ["layer_norm_eps"] = SmallJson.Float(vision.LayerNormEps),
            ["norm_type"] = "layer_norm",
            ["qkv_bias"] = true,
            ["qk_normalization"] = false,
            ["num_channels"] = 3,
            ["use_flash_attn"] = false,
            ["drop_path_rate"] = SmallJson.Float(0.1),
        };
}
