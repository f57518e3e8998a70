using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Reads and writes <c>adapter_config.json</c> as peft 0.21 does.</summary>
internal static class PeftConfigJson
{
    /// <summary>Settings that change what the tensors mean, and the values under which they do not.</summary>
    private static readonly Dictionary<string, string[]> Plain = new(StringComparer.Ordinal)
    {
        ["peft_type"] = ["\"LORA\""],
        ["bias"] = ["\"none\""],
        ["init_lora_weights"] = ["true", "false", "\"gaussian\"", "\"eva\"", "\"orthogonal\""],
        ["use_dora"] = ["false"],
        ["use_qalora"] = ["false"],
        ["use_bdlora"] = ["false", "null"],
        ["lora_bias"] = ["false"],
        ["fan_in_fan_out"] = ["false"],
        ["rank_pattern"] = ["{}", "null"],
        ["alpha_pattern"] = ["{}", "null"],
        ["modules_to_save"] = ["null", "[]"],
        ["layer_replication"] = ["null"],
        ["target_parameters"] = ["null", "[]"],
        ["trainable_token_indices"] = ["null"],
        ["alora_invocation_tokens"] = ["null"],
    };

    /// <summary>Rank and scale of an adapter. Which matrices it adapts, its tensors say.</summary>
    /// <exception cref="ModelException">A key is missing, or asks for something other than plain LoRA; the message names it.</exception>
    public static LoraConfig Read(string path)
    {
        try
        {
            var root = JsonNode
                .Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { MaxDepth = 32 })!
                .AsObject();
            RequirePlain(root);
            return new LoraConfig
            {
                Rank =
                    Number(root, "r") is var rank && rank is >= 1 and <= 4096 && rank == Math.Floor(rank)
                        ? (int)rank
                        : throw new ModelException($"r is {rank}; it must be a whole number from 1 to 4096."),
                Alpha = Number(root, "lora_alpha"),
                RankStabilized = root["use_rslora"]?.GetValue<bool>() ?? false,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ModelException)
        {
            throw new ModelException($"{path}: {e.Message}", e);
        }
    }

    private static void RequirePlain(JsonObject root)
    {
        foreach (var (key, plain) in Plain)
        {
            if (root.TryGetPropertyValue(key, out var value) && !plain.Contains(value?.ToJsonString() ?? "null"))
            {
                throw new ModelException(
                    $"{key} is {value?.ToJsonString() ?? "null"}; only {string.Join(" or ", plain)} is supported. Merge the adapter with peft instead."
                );
            }
        }
    }

    private static double Number(JsonObject root, string key) =>
        root[key] is { } value ? value.GetValue<double>() : throw new ModelException($"{key} is missing.");

    /// <summary>The JSON text, with every key that peft writes.</summary>
    /// <param name="baseModel">The folder or name of the model that the adapter belongs to; null where it has none.</param>
    public static string Write(LoraAdapters adapters, string? baseModel)
    {
        var config = adapters.Config;
        JsonNode alpha = config.Alpha == Math.Floor(config.Alpha) ? (long)config.Alpha : config.Alpha;
        var root = new JsonObject
        {
            ["alora_invocation_tokens"] = null,
            ["alpha_pattern"] = new JsonObject(),
            ["arrow_config"] = null,
            ["auto_mapping"] = new JsonObject
            {
                ["base_model_class"] = "InternVLForConditionalGeneration",
                ["parent_library"] = "transformers.models.internvl.modeling_internvl",
            },
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["corda_config"] = null,
            ["ensure_weight_tying"] = false,
            ["eva_config"] = null,
            ["exclude_modules"] = null,
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["kasa_config"] = null,
            ["layer_replication"] = null,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = null,
            ["loftq_config"] = new JsonObject(),
            ["lora_alpha"] = alpha,
            ["lora_bias"] = false,
            ["lora_dropout"] = 0.0,
            ["lora_ga_config"] = null,
            ["megatron_config"] = null,
            ["megatron_core"] = "megatron.core",
            ["modules_to_save"] = null,
            ["monteclora_config"] = null,
            ["peft_type"] = "LORA",
            ["peft_version"] = "0.21.2",
            ["qalora_group_size"] = 16,
            ["r"] = config.Rank,
            ["rank_pattern"] = new JsonObject(),
            ["revision"] = null,
            ["target_modules"] = TargetModules(adapters),
            ["target_parameters"] = null,
            ["task_type"] = null,
            ["trainable_token_indices"] = null,
            ["use_bdlora"] = null,
            ["use_dora"] = false,
            ["use_qalora"] = false,
            ["use_rslora"] = config.RankStabilized,
            ["velora_config"] = null,
        };
        return root.ToJsonString(
            new()
            {
                WriteIndented = true,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
    }

    /// <summary>A pattern for whole module names: a list of names would match parts that have no adapter, too.</summary>
    private static string TargetModules(LoraAdapters adapters)
    {
        var parts = adapters
            .Parts.Order()
            .Select(part =>
                part switch
                {
                    ModelPart.Vision => "vision_tower",
                    ModelPart.Projector => "multi_modal_projector",
                    _ => "language_model",
                }
            )
            .ToList();
        var part = parts.Count == 1 ? parts[0] : $"({string.Join('|', parts)})";
        return $@".*{part}.*\.({string.Join('|', adapters.Config.Targets)})";
    }
}
