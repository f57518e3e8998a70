using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Stages;

/// <summary>The keys of a recipe, their types and limits, outside the stages' own settings.</summary>
internal static class RecipeSchema
{
    private const int LongestPrompt = 20_000;

    private const int MaxStages = 100;

    private static readonly string[] PresetKeys = ["preset", "vision", "language"];

    public static Recipe Recipe(IFields fields, Recipe? recipe)
    {
        var read = new Recipe
        {
            Name = fields.Text("name", recipe?.Name),
            Seed = fields.Whole("seed", recipe?.Seed ?? 0),
            Dataset = fields.Text("dataset", recipe?.Dataset, maxLength: 1000),
            Model = fields.Map("model", recipe?.Model ?? new ModelSource(), Model),
            Precision = fields.Choice("precision", recipe?.Precision ?? Precision.Fp32),
            SampleAtOnce = fields.Whole("sample_at_once", recipe?.SampleAtOnce ?? PolicySampler.DefaultMaxRows, min: 1),
            Prompt = fields.Map("prompt", recipe?.Prompt, Prompt)!,
            Image = fields.Map("image", recipe?.Image ?? new ImageConfig(), Image),
            Stages = [],
        };
        RequireName(fields, read.Name);
        if (read.Dataset.Length == 0 && fields.Has("dataset"))
        {
            fields.Problem("dataset", "this is empty; name a data set.");
        }
        var earlier = new List<string>();
        var stages = fields.List<Stage>(
            "stages",
            recipe?.Stages ?? [],
            (stageFields, stage) => StageSchema.Stage(stageFields, stage, read.Seed, earlier)
        );
        if (stages.Count is 0 or > MaxStages)
        {
            fields.Problem("stages", $"there are {stages.Count} stages; give 1 to {MaxStages}.");
        }
        return read with { Stages = stages };
    }

    /// <summary>Names become folders.</summary>
    public static void RequireName(IFields fields, string name)
    {
        var plain = name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && !name.StartsWith('.');
        if (name.Length == 0 && fields.Has("name"))
        {
            fields.Problem("name", "the name is empty; use letters, digits, '-', '_' and '.'.");
        }
        if (name.Length > 80 || !plain)
        {
            fields.Problem(
                "name",
                $"'{name}' is not a name; use letters, digits, '-', '_' and '.', at most 80, not a dot first."
            );
        }
    }

    private static ModelSource Model(IFields fields, ModelSource model)
    {
        var path = fields.OptionalText("path", model.Path);
        if (path is not null)
        {
            foreach (var key in PresetKeys.Where(fields.Has))
            {
                fields.Problem(key, "a model read from a path brings its own shape; remove this key, or path.");
            }
            return new ModelSource { Path = path, Preset = null };
        }
        return new ModelSource
        {
            Preset = fields.Text("preset", model.Preset),
            Vision = fields.Map("vision", model.Vision, Vision),
            Language = fields.Map("language", model.Language, Language),
        };
    }

    private static VisionShape Vision(IFields fields, VisionShape shape)
    {
        var read = new VisionShape
        {
            ImageSize = fields.Whole("image_size", shape.ImageSize, min: 8, max: 2048),
            PatchSize = fields.Whole("patch_size", shape.PatchSize, min: 1, max: 256),
            HiddenSize = fields.Whole("hidden_size", shape.HiddenSize, min: 1),
            NumHiddenLayers = fields.Whole("num_hidden_layers", shape.NumHiddenLayers, min: 1),
            NumAttentionHeads = fields.Whole("num_attention_heads", shape.NumAttentionHeads, min: 1),
            IntermediateSize = fields.Whole("intermediate_size", shape.IntermediateSize, min: 1),
        };
        RequireMultiple(fields, "image_size", read.ImageSize, "twice patch_size", 2 * read.PatchSize);
        RequireMultiple(fields, "hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }

    private static LanguageShape Language(IFields fields, LanguageShape shape)
    {
        var read = new LanguageShape
        {
            HiddenSize = fields.Whole("hidden_size", shape.HiddenSize, min: 1),
            NumHiddenLayers = fields.Whole("num_hidden_layers", shape.NumHiddenLayers, min: 1),
            NumAttentionHeads = fields.Whole("num_attention_heads", shape.NumAttentionHeads, min: 1),
            NumKeyValueHeads = fields.Whole("num_key_value_heads", shape.NumKeyValueHeads, min: 1),
            IntermediateSize = fields.Whole("intermediate_size", shape.IntermediateSize, min: 1),
            TieWordEmbeddings = fields.Flag("tie_word_embeddings", shape.TieWordEmbeddings),
        };
        RequireMultiple(
            fields,
            "hidden_size",
            read.HiddenSize,
            "twice num_attention_heads",
            2 * read.NumAttentionHeads
        );
        RequireMultiple(
            fields,
            "num_attention_heads",
            read.NumAttentionHeads,
            "num_key_value_heads",
            read.NumKeyValueHeads
        );
        return read;
    }

    private static void RequireMultiple(IFields fields, string key, int value, string ofWhat, int divisor)
    {
        if (divisor > 0 && value % divisor != 0)
        {
            fields.Problem(key, $"{value} is not a multiple of {ofWhat} = {divisor}.");
        }
    }

    private static PromptConfig Prompt(IFields fields, PromptConfig? prompt) =>
        new()
        {
            System = fields.Text("system", prompt?.System, LongestPrompt),
            Cot = fields.Text("cot", prompt?.Cot, LongestPrompt),
            Answer = fields.Text("answer", prompt?.Answer, LongestPrompt),
        };

    private static ImageConfig Image(IFields fields, ImageConfig image) =>
        new() { MaxTiles = fields.Whole("max_tiles", image.MaxTiles, min: 1, max: 64) };

    /// <summary>The keys of AdamW, which stand beside a stage's own.</summary>
    public static OptimizerConfig Optimizer(IFields fields, OptimizerConfig config)
    {
        var betas = fields.Numbers("betas", [config.Beta1, config.Beta2], count: 2, min: 0, max: 0.999999);
        return new OptimizerConfig
        {
            LearningRate = fields.Number("learning_rate", config.LearningRate, min: 0, max: 1, minIncluded: false),
            Schedule = fields.Choice("schedule", config.Schedule),
            WarmupSteps = fields.Whole("warmup_steps", config.WarmupSteps),
            WeightDecay = fields.Number("weight_decay", config.WeightDecay, min: 0, max: 1),
            Beta1 = betas[0],
            Beta2 = betas[1],
            Epsilon = fields.Number("adam_epsilon", config.Epsilon, min: 0, max: 1, minIncluded: false),
            MaxGradNorm = fields.Number("max_grad_norm", config.MaxGradNorm, min: 0),
        };
    }

    public static SamplingConfig Sampling(IFields fields, SamplingConfig config) =>
        new()
        {
            // GRPO compares completions of one prompt: greedy sampling would make them all the same.
            Temperature = fields.Number("temperature", config.Temperature, min: 0, max: 100, minIncluded: false),
            TopK = fields.Whole("top_k", config.TopK),
            TopP = fields.Number("top_p", config.TopP, min: 0, max: 1, minIncluded: false),
            MinP = fields.Number("min_p", config.MinP, min: 0, max: 1),
            RepetitionPenalty = fields.Number(
                "repetition_penalty",
                config.RepetitionPenalty,
                min: 0,
                max: 100,
                minIncluded: false
            ),
            Seed = fields.Whole("seed", (int)config.Seed),
        };

    public static RewardConfig Reward(IFields fields, RewardConfig? config)
    {
        var defaults = config ?? new RewardConfig { Name = "" };
        var name = fields.Text("name", config?.Name);
        if (name.Length > 0 && !RewardRegistry.Names.Contains(name, StringComparer.Ordinal))
        {
            fields.Problem(
                "name",
                $"there is no reward '{name}'.{Suggestion.For(name, RewardRegistry.Names)} Known: {string.Join(", ", RewardRegistry.Names)}."
            );
        }
        var reward = defaults with
        {
            Name = name,
            Weight = fields.Number("weight", defaults.Weight, min: -1e6, max: 1e6),
        };
        return name switch
        {
            RepetitionPenalty.RewardName => reward with
            {
                NgramSize = fields.Whole("ngram_size", defaults.NgramSize, min: 1, max: 100),
                MaxPenalty = fields.Number("max_penalty", defaults.MaxPenalty, min: -1e6, max: 0),
            },
            SoftOverlong.RewardName => reward with
            {
                MarginTokens = fields.Whole("margin_tokens", defaults.MarginTokens, min: 1),
            },
            _ => reward,
        };
    }
}
