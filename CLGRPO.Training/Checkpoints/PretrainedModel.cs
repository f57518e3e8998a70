using System.Text.Json.Nodes;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Checkpoints;

/// <summary>A model folder in memory: the weights, and the tokenizer and image preprocessing they were trained with.</summary>
public sealed record PretrainedModel(VisionLanguageModel Model, Tokenizer Tokenizer, ImagePreprocessorConfig Images)
    : IDisposable
{
    public const string WeightsFile = "model.safetensors";

    /// <summary>The folder it was loaded from; null for a model that was made here.</summary>
    public string? Source { get; init; }

    /// <summary>Loads a folder in Hugging Face's layout.</summary>
    /// <exception cref="ModelException">The folder or one of its files cannot be used; the message says which and why.</exception>
    public static PretrainedModel Load(string folder, Device? device = null, Precision precision = Precision.Fp32)
    {
        if (!Directory.Exists(folder))
            throw new ModelException($"There is no model folder '{folder}'.");
        using var weights = SafetensorsModel.Open(folder);
        var config = ModelConfigJson.Read(Path.Combine(folder, "config.json"));
        config = config with { Language = config.Language with { TieEmbeddings = !ModelWeights.HasHead(weights) } };
        var tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        var model = VisionLanguageModel.Create(config, device, precision);
        try
        {
            ModelWeights.Load(model, weights);
            return new PretrainedModel(model, tokenizer, ReadPreprocessor(folder, config)) { Source = folder };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the model folder; the weights are streamed, not copied whole. Adapters are merged into them, and lie in
    /// <see cref="PeftAdapter.FolderName"/> too.
    /// </summary>
    public void Save(string folder)
    {
        using var merged = Model.Adapters?.Merge();
        Directory.CreateDirectory(folder);
        SaveSettings(folder, Model.Config, Tokenizer, Images, SafetensorsDtype.F32);
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsFile),
            ModelWeights.Sources(Model.Parameters),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" }
        );
        if (Model.Adapters is { } adapters)
            PeftAdapter.Save(adapters, Path.Combine(folder, PeftAdapter.FolderName), Source);
    }

    /// <summary>Writes everything of a model folder but the weights.</summary>
    internal static void SaveSettings(
        string folder,
        ModelConfig config,
        Tokenizer tokenizer,
        ImagePreprocessorConfig images,
        SafetensorsDtype dtype
    )
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), ModelConfigJson.Write(config, dtype));
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), WritePreprocessor(images));
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), WriteGeneration(tokenizer.SpecialTokens));
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
    }

    public void Dispose() => Model.Dispose();

    internal static ImagePreprocessorConfig ReadPreprocessor(string folder, ModelConfig config)
    {
        var path = Path.Combine(folder, "preprocessor_config.json");
        if (!File.Exists(path))
            return new ImagePreprocessorConfig(config.Vision.ImageSize, MinTiles: 1, MaxTiles: 12, UseThumbnail: true);
        var root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        float[] Triple(string key) => [.. root[key]!.AsArray().Select(value => value!.GetValue<float>())];
        var size = root["size"]!["height"]!.GetValue<int>();
        if (size != config.Vision.ImageSize)
            throw new ModelException(
                $"{path}: tiles of {size} pixels do not fit a vision tower for {config.Vision.ImageSize}."
            );
        var tiled = root["crop_to_patches"]?.GetValue<bool>() ?? true;
        return new ImagePreprocessorConfig(
            size,
            root["min_patches"]?.GetValue<int>() ?? 1,
            tiled ? root["max_patches"]?.GetValue<int>() ?? 12 : 1,
            UseThumbnail: true,
            Triple("image_mean"),
            Triple("image_std")
        );
    }

    private static string WritePreprocessor(ImagePreprocessorConfig images) =>
        new JsonObject
        {
            ["crop_to_patches"] = images.MaxTiles > 1,
            ["do_convert_rgb"] = true,
            ["do_normalize"] = true,
            ["do_rescale"] = true,
            ["do_resize"] = true,
            ["image_mean"] = new JsonArray([.. images.Mean.Select(value => (JsonNode)value)]),
            ["image_processor_type"] = "GotOcr2ImageProcessor",
            ["image_std"] = new JsonArray([.. images.Std.Select(value => (JsonNode)value)]),
            ["max_patches"] = images.MaxTiles,
            ["min_patches"] = images.MinTiles,
            ["resample"] = 3,
            ["rescale_factor"] = 1 / 255.0,
            ["size"] = new JsonObject { ["height"] = images.TileSize, ["width"] = images.TileSize },
        }.ToJsonString(new() { WriteIndented = true });

    private static string WriteGeneration(SpecialTokens special) =>
        new JsonObject { ["eos_token_id"] = special.ImEnd, ["pad_token_id"] = special.EndOfText }.ToJsonString(
            new() { WriteIndented = true }
        );
}
