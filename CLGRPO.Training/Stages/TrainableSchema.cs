using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;

namespace CLGRPO.Training.Stages;

/// <summary>The keys that say what a stage trains: parts of the model, their learning rates, adapters.</summary>
internal static class TrainableSchema
{
    /// <summary>Every name that can be adapted in some part.</summary>
    private static readonly string[] Targets =
    [
        .. Enum.GetValues<ModelPart>().SelectMany(LoraConfig.TargetsOf).Distinct(StringComparer.Ordinal),
    ];

    public static TrainableConfig Trainable(IFields fields, TrainableConfig config)
    {
        var read = new TrainableConfig
        {
            Vision = fields.Flag("vision", config.Vision),
            Projector = fields.Flag("projector", config.Projector),
            Language = fields.Flag("language", config.Language),
            VisionLearningRate = LearningRate(fields, "vision_learning_rate", config.VisionLearningRate),
            ProjectorLearningRate = LearningRate(fields, "projector_learning_rate", config.ProjectorLearningRate),
            LanguageLearningRate = LearningRate(fields, "language_learning_rate", config.LanguageLearningRate),
        };
        if (read is { Vision: false, Projector: false, Language: false })
        {
            fields.Problem(
                "language",
                "nothing is trainable; set one of vision, projector, language to true.",
                RecipeFix.Set("language", "true")
            );
        }
        foreach (
            var part in Enum.GetValues<ModelPart>()
                .Where(part => read.LearningRateOf(part) is not null && !read.Learns(part))
        )
        {
            var name = YamlFields.NameOf(part);
            fields.Problem(
                $"{name}_learning_rate",
                $"{name} is frozen; set {name} to true, or remove this key.",
                RecipeFix.Set(name, "true"),
                RecipeFix.Clear($"{name}_learning_rate")
            );
        }
        return read;
    }

    public static LoraConfig Lora(IFields fields, LoraConfig config)
    {
        var read = new LoraConfig
        {
            Rank = fields.Whole("rank", config.Rank, min: 1, max: 4096),
            Alpha = fields.Number("alpha", config.Alpha, min: 0, max: 1e6, minIncluded: false),
            RankStabilized = fields.Flag("rank_stabilized", config.RankStabilized),
            Targets = fields.Texts("targets", config.Targets),
        };
        foreach (var unknown in read.Targets.Except(Targets, StringComparer.Ordinal))
        {
            fields.Problem(
                "targets",
                $"there is no matrix '{unknown}'.{Suggestion.For(unknown, Targets)} Known: {string.Join(", ", Targets)}."
            );
        }
        return read;
    }

    /// <summary>Every part that is to learn through adapters must hold one.</summary>
    public static void CheckTargets(IFields fields, TrainableConfig trainable, LoraConfig? lora)
    {
        if (lora is null || lora.Targets.Except(Targets, StringComparer.Ordinal).Any())
        {
            return; // without adapters, or reported already
        }
        foreach (
            var part in trainable
                .Parts()
                .Where(part => !lora.Targets.Intersect(LoraConfig.TargetsOf(part), StringComparer.Ordinal).Any())
        )
        {
            var name = YamlFields.NameOf(part);
            fields.Problem(
                "lora",
                $"{name} is trainable, but none of lora.targets lies in it; set trainable.{name} to false, or add some of {string.Join(", ", LoraConfig.TargetsOf(part))}.",
                RecipeFix.Set($"trainable.{name}", "false")
            );
        }
    }

    private static double? LearningRate(IFields fields, string key, double? rate)
    {
        var read = fields.OptionalNumber(key, rate, min: 0, minIncluded: false);
        if (read > 1)
        {
            fields.Problem(key, $"{read} is out of range; it must be at most 1.", RecipeFix.Clear(key));
        }
        return read;
    }
}
