using CLGRPO.Data.Cot;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Sft;

namespace CLGRPO.Training.Stages;

/// <summary>The keys of a stage, their types and limits, and the rules across them.</summary>
internal static class StageSchema
{
    public static Stage Stage(IFields fields, Stage? stage, int recipeSeed, List<string> earlier)
    {
        var read = new Stage
        {
            Name = fields.Text("name", stage?.Name),
            Kind = fields.Choice("kind", stage?.Kind ?? StageKind.Sft),
            From = fields.Text("from", stage?.From, maxLength: 1000),
            Completion = fields.Choice("completion", stage?.Completion ?? CompletionStyle.Cot),
        };
        if (!fields.Has("kind"))
        {
            fields.Problem("kind", "this key is missing; give sft or grpo.");
        }
        CheckName(fields, read, earlier);
        earlier.Add(read.Name);
        return read.Kind == StageKind.Sft
            ? read with
            {
                Sft = Sft(fields, stage?.Sft ?? new SftConfig()),
            }
            : read with
            {
                Grpo = Grpo(fields, stage?.Grpo ?? Defaults(recipeSeed)),
            };
    }

    private static void CheckName(IFields fields, Stage stage, List<string> earlier)
    {
        RecipeSchema.RequireName(fields, stage.Name);
        if (stage.Name is Stages.Stage.FromNone || earlier.Contains(stage.Name, StringComparer.Ordinal))
        {
            fields.Problem("name", $"'{stage.Name}' is taken; every stage needs its own name.");
        }
        if (stage.From.Length == 0 && fields.Has("from"))
        {
            fields.Problem(
                "from",
                "this is empty; give an earlier stage, none, or the path of a checkpoint (with a slash in it)."
            );
        }
        if (
            stage.From.Length > 0
            && !stage.StartsFromModel
            && !stage.StartsFromPath
            && !earlier.Contains(stage.From, StringComparer.Ordinal)
        )
        {
            fields.Problem(
                "from",
                $"no earlier stage is called '{stage.From}'.{Suggestion.For(stage.From, earlier.Append(Stages.Stage.FromNone))}"
                    + " Give an earlier stage, none, or the path of a checkpoint (with a slash in it).",
                RecipeFix.Set("from", earlier.LastOrDefault() ?? Stages.Stage.FromNone)
            );
        }
    }

    private static GrpoConfig Defaults(int recipeSeed)
    {
        var config = new GrpoConfig();
        return config with { Sampling = config.Sampling with { Seed = recipeSeed } };
    }

    private static SftConfig Sft(IFields fields, SftConfig config)
    {
        var maxSteps = fields.OptionalWhole("max_steps", config.MaxSteps, min: 1);
        var epochs = fields.OptionalNumber(
            "epochs",
            maxSteps is null ? config.Epochs : null,
            min: 0,
            minIncluded: false
        );
        if (maxSteps is not null && epochs is not null)
        {
            fields.Problem(
                "epochs",
                "epochs and max_steps both say how long; give one.",
                RecipeFix.Clear("epochs"),
                RecipeFix.Clear("max_steps")
            );
        }
        var read = new SftConfig
        {
            Epochs = epochs,
            MaxSteps = maxSteps,
            BatchSize = fields.Whole("batch_size", config.BatchSize, min: 1),
            MicroBatchSize = fields.Whole("micro_batch_size", config.MicroBatchSize, min: 1),
            GradientCheckpointing = fields.Flag("gradient_checkpointing", config.GradientCheckpointing),
            Optimizer = RecipeSchema.Optimizer(fields, config.Optimizer),
            Augmentation = fields.Map("augmentation", config.Augmentation, Augmentation),
            ValidateEvery = fields.Whole("validate_every", config.ValidateEvery),
            Keep = fields.Choice("keep", config.Keep),
            Trainable = fields.Map("trainable", config.Trainable, TrainableSchema.Trainable),
            Lora = fields.OptionalMap("lora", config.Lora, new LoraConfig(), TrainableSchema.Lora),
            CheckpointEvery = fields.Whole("checkpoint_every", config.CheckpointEvery, min: 1),
        };
        TrainableSchema.CheckTargets(fields, read.Trainable, read.Lora);
        if (read.MicroBatchSize > read.BatchSize && fields.Has("micro_batch_size"))
        {
            fields.Problem(
                "micro_batch_size",
                $"{read.MicroBatchSize} is more than batch_size {read.BatchSize}.",
                RecipeFix.Set("micro_batch_size", read.BatchSize),
                RecipeFix.Set("batch_size", read.MicroBatchSize)
            );
        }
        return read with { MicroBatchSize = Math.Min(read.MicroBatchSize, read.BatchSize) };
    }

    private static AugmentationConfig Augmentation(IFields fields, AugmentationConfig config) =>
        new()
        {
            Shift = fields.Whole("shift", config.Shift, max: 1000),
            Flip = fields.Flag("flip", config.Flip),
            Noise = fields.Number("noise", config.Noise, min: 0, max: 1),
        };

    private static GrpoConfig Grpo(IFields fields, GrpoConfig config)
    {
        var read = config with
        {
            Rewards = fields.List<RewardConfig>("rewards", config.Rewards, RecipeSchema.Reward),
            Steps = fields.Whole("steps", config.Steps, min: 1),
            PromptsPerStep = fields.Whole("prompts_per_step", config.PromptsPerStep, min: 1),
            GroupSize = fields.Whole("group_size", config.GroupSize, min: 2),
            MiniBatches = fields.Whole("mini_batches", config.MiniBatches, min: 1),
            NumIterations = fields.Whole("num_iterations", config.NumIterations, min: 1),
            MicroBatchSize = fields.Whole("micro_batch_size", config.MicroBatchSize, min: 1),
            GradientCheckpointing = fields.Flag("gradient_checkpointing", config.GradientCheckpointing),
            Optimizer = RecipeSchema.Optimizer(fields, config.Optimizer),
            Clip = Clip(fields, config.Clip),
            Beta = fields.Number("beta", config.Beta, min: 0),
            LossType = fields.Choice("loss_type", config.LossType),
            ImportanceSamplingLevel = fields.Choice("importance_sampling_level", config.ImportanceSamplingLevel),
            ScaleRewards = fields.Choice("scale_rewards", config.ScaleRewards),
            MaskTruncatedCompletions = fields.Flag("mask_truncated_completions", config.MaskTruncatedCompletions),
            DynamicSampling = fields.Map("dynamic_sampling", config.DynamicSampling, DynamicSampling),
            MaxCompletionTokens = fields.Whole("max_completion_tokens", config.MaxCompletionTokens, min: 1),
            Sampling = fields.Map("sampling", config.Sampling, RecipeSchema.Sampling),
            Trainable = fields.Map("trainable", config.Trainable, TrainableSchema.Trainable),
            Lora = fields.OptionalMap("lora", config.Lora, new LoraConfig(), TrainableSchema.Lora),
            CheckpointEvery = fields.Whole("checkpoint_every", config.CheckpointEvery, min: 1),
            SyncReferenceEvery = fields.Whole("sync_reference_every", config.SyncReferenceEvery),
            ReferenceMixup = fields.Number("reference_mixup", config.ReferenceMixup, min: 0, max: 1),
        };
        TrainableSchema.CheckTargets(fields, read.Trainable, read.Lora);
        CheckAcross(fields, read);
        return read;
    }

    private static ClipRange Clip(IFields fields, ClipRange clip)
    {
        var low = fields.Number("epsilon_low", clip.EpsilonLow, min: 0);
        var high = fields.Number("epsilon_high", fields.Has("epsilon_high") ? clip.EpsilonHigh : low, min: 0);
        var delta = fields.OptionalNumber("delta", clip.Delta, min: 1, minIncluded: false);
        if (ClipRange.Problem(low, high, delta) is not { } problem)
        {
            return new ClipRange(low, high, delta);
        }
        fields.Problem("delta", problem, RecipeFix.Clear("delta"));
        return clip;
    }

    private static DynamicSamplingConfig DynamicSampling(IFields fields, DynamicSamplingConfig config) =>
        new()
        {
            Enabled = fields.Flag("enabled", config.Enabled),
            MaxResamples = fields.Whole("max_resamples", config.MaxResamples, max: 100),
        };

    private static void CheckAcross(IFields fields, GrpoConfig config)
    {
        if (config.Rewards.Count == 0)
        {
            fields.Problem("rewards", $"give at least one of {string.Join(", ", RewardRegistry.Names)}.");
        }
        foreach (
            var twice in config.Rewards.GroupBy(reward => reward.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)
        )
        {
            fields.Problem("rewards", $"'{twice.Key}' is listed {twice.Count()} times.");
        }
        if ((long)config.PromptsPerStep * config.GroupSize > 1_000_000)
        {
            fields.Problem(
                "prompts_per_step",
                $"{config.PromptsPerStep} prompts × {config.GroupSize} completions is more than 1,000,000 rollouts."
            );
        }
        else if (config.PromptsPerStep % config.MiniBatches != 0)
        {
            fields.Problem(
                "mini_batches",
                $"{config.PromptsPerStep} prompts_per_step cannot be cut into {config.MiniBatches} equal mini-batches of whole groups.",
                [
                    .. NearestDivisors(config.PromptsPerStep, config.MiniBatches)
                        .Select(cuts => RecipeFix.Set("mini_batches", cuts)),
                ]
            );
        }
        else if (ClipActivity.Refusal(config) is { } refusal)
        {
            var cuts = Enumerable
                .Range(2, Math.Max(0, config.PromptsPerStep - 1))
                .FirstOrDefault(cut => config.PromptsPerStep % cut == 0);
            RecipeFix[] fixes =
            [
                .. cuts > 0 ? [RecipeFix.Set("mini_batches", cuts, $", U = {cuts}")] : Array.Empty<RecipeFix>(),
                RecipeFix.Set("num_iterations", 2, ", U = 2"),
                RecipeFix.Set("epsilon_high", config.Clip.EpsilonLow, ", no ClipLow"),
            ];
            fields.Problem(fields.Has("epsilon_high") ? "epsilon_high" : "epsilon_low", refusal, fixes);
        }
    }

    /// <summary>The divisors of a number next below and above another.</summary>
    private static IEnumerable<int> NearestDivisors(int number, int wanted)
    {
        var divisors = Enumerable.Range(1, Math.Min(number, 10_000)).Where(divisor => number % divisor == 0).ToList();
        int?[] nearest =
        [
            divisors.Where(divisor => divisor < wanted).Select(divisor => (int?)divisor).Max(),
            divisors.Where(divisor => divisor > wanted).Select(divisor => (int?)divisor).Min(),
        ];
        return nearest.OfType<int>();
    }
}
