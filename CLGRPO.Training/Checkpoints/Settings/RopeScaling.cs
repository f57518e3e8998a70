using System.Text.Json.Nodes;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>
/// Stretched positions. "dynamic" changes nothing up to max_position_embeddings, and longer sequences are refused where
/// they are made, so its factor is kept and never used. Source: reference/internvl.md §4.
/// </summary>
internal static class RopeScaling
{
    /// <summary>The factor of "dynamic"; null where positions are not stretched. Every other kind is noted as a fault.</summary>
    /// <param name="language">The section that holds <c>rope_scaling</c>, or <c>rope_parameters</c> as transformers 5 writes.</param>
    public static double? DynamicFactor(ConfigSection language)
    {
        var key = language["rope_scaling"] is null ? "rope_parameters" : "rope_scaling";
        if (language[key] is null)
            return null;
        var scaling = language.Section(key);
        var type = (scaling["rope_type"] ?? scaling["type"])?.ToString() ?? "default";
        if (type == "dynamic")
            return scaling.Number("factor");
        if (type != "default")
            language.Fault($"'{key}' is {language.Show(key)}; only the types default and dynamic are supported");
        return null;
    }

    /// <summary>As transformers writes it (<paramref name="typeKey"/> rope_type) or the original (type).</summary>
    public static JsonNode? Write(double? dynamicFactor, string typeKey) =>
        dynamicFactor is { } factor
            ? new JsonObject { ["factor"] = SmallJson.Float(factor), [typeKey] = "dynamic" }
            : null;
}
