using System.Text.Json.Nodes;
using CLGRPO.Data.Images;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>
/// preprocessor_config.json: transformers' GotOcr2ImageProcessor, which also tiles, or the original's CLIPFeatureExtractor,
/// whose tiling stands in config.json. Source: reference/internvl.md §7.
/// </summary>
internal static class PreprocessorJson
{
    private const int DefaultMaxTiles = 12;

    /// <summary>Whether it is the original's form.</summary>
    public static bool IsOriginal(JsonObject preprocessor) => preprocessor["feature_extractor_type"] is not null;

    /// <param name="preprocessor">The file; only a folder of the original may lack it, since the original never reads it.</param>
    /// <param name="root">config.json.</param>
    /// <param name="tileSize">Pixels per side that the vision tower takes.</param>
    /// <exception cref="ModelException">A value is not supported; all are listed.</exception>
    public static ImagePreprocessorConfig Read(JsonObject? preprocessor, JsonObject root, int tileSize)
    {
        var section = new ConfigSection(preprocessor ?? []);
        var images = ModelConfigJson.IsOriginal(root)
            ? OriginalConfigJson.Tiles(new ConfigSection(root), tileSize)
            // transformers' InternVLProcessor always tiles, whatever crop_to_patches says.
            : new ImagePreprocessorConfig(
                tileSize,
                section.Size("min_patches", 1),
                section.Size("max_patches", DefaultMaxTiles),
                section.Flag("use_thumbnail", true)
            );
        if (preprocessor is null)
            return ModelConfigJson.IsOriginal(root)
                ? images
                : throw new ModelException(
                    "There is no preprocessor_config.json; it says how pictures become numbers."
                );
        Check(section, tileSize);
        images = images with
        {
            Mean = Channels(section, "image_mean", images.Mean),
            Std = Channels(section, "image_std", images.Std),
        };
        section.RefuseFaults();
        return images;
    }

    /// <summary>The source's file where it is of the form asked for and says the same; else a new one.</summary>
    public static JsonObject Write(bool original, ImagePreprocessorConfig images, SourceFiles? source) =>
        source?.Preprocessor is { } given && IsOriginal(given) == original && Says(given, source.Config, images)
            ? given.DeepClone().AsObject()
        : original ? WriteOriginal(images)
        : WriteHuggingFace(images);

    private static bool Says(JsonObject preprocessor, JsonObject root, ImagePreprocessorConfig images)
    {
        var said = Read(preprocessor, root, images.TileSize);
        return (said.MinTiles, said.MaxTiles, said.UseThumbnail)
                == (images.MinTiles, images.MaxTiles, images.UseThumbnail)
            && said.Mean.SequenceEqual(images.Mean)
            && said.Std.SequenceEqual(images.Std);
    }

    private static void Check(ConfigSection section, int tileSize)
    {
        section.Only("do_resize", true, "pictures have any size");
        section.Only("do_rescale", true, "the vision tower takes numbers of 0 to 1, normalised");
        section.Only("do_normalize", true, "the vision tower takes numbers of 0 to 1, normalised");
        section.Only("resample", 3, "pictures are resized bicubically");
        if (section["rescale_factor"] is not null && Math.Abs(section.Number("rescale_factor") * 255 - 1) > 1e-6)
            section.Fault($"'rescale_factor' is {section.Show("rescale_factor")}; only 1/255 is supported");
        var (key, size) =
            section["size"] is JsonObject
                ? ("size", section.Section("size").Size("height"))
                : ("size", section.Size("size", tileSize));
        if (size != tileSize)
            section.Fault($"'{key}' is {section.Show(key)}; the vision tower takes tiles of {tileSize} pixels");
    }

    private static float[] Channels(ConfigSection section, string key, float[] otherwise)
    {
        if (section[key] is null)
            return otherwise;
        if (section[key] is JsonArray { Count: 3 } values && values.All(IsNumber))
            return [.. values.Select(value => value!.GetValue<float>())];
        section.Fault($"'{key}' is {section.Show(key)}; it must be three numbers");
        return otherwise;

        static bool IsNumber(JsonNode? value) => value is JsonValue number && number.TryGetValue(out float _);
    }

    private static JsonObject WriteHuggingFace(ImagePreprocessorConfig images)
    {
        var preprocessor = new JsonObject
        {
            ["crop_to_patches"] = true,
            ["do_convert_rgb"] = true,
            ["do_normalize"] = true,
            ["do_rescale"] = true,
            ["do_resize"] = true,
            ["image_mean"] = Array(images.Mean),
            ["image_processor_type"] = "GotOcr2ImageProcessor",
            ["image_std"] = Array(images.Std),
            ["max_patches"] = images.MaxTiles,
            ["min_patches"] = images.MinTiles,
            ["resample"] = 3,
            ["rescale_factor"] = 1 / 255.0,
            ["size"] = new JsonObject { ["height"] = images.TileSize, ["width"] = images.TileSize },
        };
        if (!images.UseThumbnail) // a key of ours: transformers has no such switch and would add the thumbnail
            preprocessor["use_thumbnail"] = false;
        return preprocessor;
    }

    private static JsonObject WriteOriginal(ImagePreprocessorConfig images) =>
        new()
        {
            ["crop_size"] = images.TileSize,
            ["do_center_crop"] = true,
            ["do_normalize"] = true,
            ["do_resize"] = true,
            ["feature_extractor_type"] = "CLIPFeatureExtractor",
            ["image_mean"] = Array(images.Mean),
            ["image_std"] = Array(images.Std),
            ["resample"] = 3,
            ["size"] = images.TileSize,
        };

    private static JsonArray Array(float[] values) => new([.. values.Select(value => (JsonNode)value)]);
}
