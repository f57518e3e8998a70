using System.Text.Json.Nodes;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>config.json in either of its forms, told apart by model_type.</summary>
internal static class ModelConfigJson
{
    public const int MostLayers = 1024;

    /// <summary>Whether it is the original's form.</summary>
    public static bool IsOriginal(JsonObject root) => root["model_type"]?.ToString() == OriginalConfigJson.ModelType;

    /// <param name="root">The file.</param>
    /// <param name="special">Ids of the tokenizer beside it.</param>
    /// <returns>The shape; whether the head is tied is for the tensors to say.</returns>
    /// <exception cref="ModelException">Keys are missing or have values that are not supported; all are listed.</exception>
    public static ModelConfig Read(JsonObject root, SpecialTokens special)
    {
        var section = new ConfigSection(root);
        var config = root["model_type"]?.ToString() switch
        {
            HfConfigJson.ModelType => HfConfigJson.Read(section, special),
            OriginalConfigJson.ModelType => OriginalConfigJson.Read(section, special),
            _ => throw new ModelException(
                $"model_type is {section.Show("model_type")}; only '{HfConfigJson.ModelType}' (Hugging Face) and '{OriginalConfigJson.ModelType}' (original) are read."
            ),
        };
        if (Math.Abs(1 / config.DownsampleRatio - config.ShuffleFactor) > 1e-9)
            section.Fault(
                $"'downsample_ratio' is {section.Show("downsample_ratio")}; it must be 1 over a whole number"
            );
        section.RefuseFaults();
        return config.Validated();
    }

    /// <summary>
    /// The file for a layout. A source of the same form is kept key by key, whatever else it says; only the weights' type
    /// and what the tensors say about the head are set in it.
    /// </summary>
    public static JsonObject Write(
        ModelLayout layout,
        ModelConfig config,
        SpecialTokens special,
        ImagePreprocessorConfig images,
        string dtype,
        JsonObject? source
    )
    {
        var original = layout == ModelLayout.Original;
        if (source is null || IsOriginal(source) != original)
        {
            return original
                ? OriginalConfigJson.Write(config, special, images, dtype)
                : HfConfigJson.Write(config, special, dtype, source?["llm_config"] as JsonObject);
        }
        var root = source.DeepClone().AsObject();
        SetDtype(root, dtype, original);
        if (original)
        {
            OriginalConfigJson.SetTied(root, config.Language.TieEmbeddings);
            OriginalConfigJson.SetTiles(root, images);
        }
        else
            HfConfigJson.SetTied(root, config.Language.TieEmbeddings);
        return root;
    }

    /// <summary>Sets a flag unless it, or its absence, says so already.</summary>
    internal static void SetFlag(JsonObject owner, string key, bool value, bool absent)
    {
        var said = owner[key] is JsonValue given && given.TryGetValue(out bool flag) ? flag : absent;
        if (said != value)
            owner[key] = value;
    }

    private static void SetDtype(JsonObject root, string dtype, bool original)
    {
        string[] keys = ["dtype", "torch_dtype"];
        if (!keys.Any(key => root[key] is not null) && !(original && dtype == "float32"))
            root[original ? "torch_dtype" : "dtype"] = dtype;
        foreach (var section in root.Select(pair => pair.Value).OfType<JsonObject>().Append(root))
        {
            foreach (var key in keys.Where(key => section[key] is not null))
                section[key] = dtype;
        }
    }
}
