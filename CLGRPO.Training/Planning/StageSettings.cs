using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Planning;

/// <summary>What of a recipe's stage, and of the machine it runs on, decides how much memory it takes.</summary>
public sealed record StageSettings
{
    public required Precision Precision { get; init; }

    /// <summary>Threads that each hold a micro-batch and gradients of their own.</summary>
    public required int Workers { get; init; }

    /// <summary>Attention is one kernel that never writes its scores down.</summary>
    public required bool IsGpu { get; init; }

    public required TrainableConfig Trainable { get; init; }

    /// <summary>Adapters learn in place of the trainable parts; null = the parts themselves.</summary>
    public LoraConfig? Lora { get; init; }

    /// <summary>Samples (of a GRPO stage: completions) per optimizer step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Samples, or completions, per backward pass, as the recipe says.</summary>
    public required int MicroBatchSize { get; init; }

    /// <summary>Completions per prompt; 1 for fine-tuning.</summary>
    public required int GroupSize { get; init; }

    /// <summary>Prompts whose groups are sampled for one step; 0 for fine-tuning.</summary>
    public required int PromptsPerStep { get; init; }

    /// <summary>Tokens at which a sampled completion is cut.</summary>
    public required int MaxCompletionTokens { get; init; }

    /// <summary>Completions that are sampled at once.</summary>
    public required int SampleAtOnce { get; init; }

    /// <summary>A second policy stays beside the one that learns.</summary>
    public required bool HasReference { get; init; }

    public required bool GradientCheckpointing { get; init; }

    /// <summary>Tiles per image at most, the thumbnail not counted.</summary>
    public required int MaxTiles { get; init; }

    public bool IsGrpo => PromptsPerStep > 0;

    /// <summary>Bytes of a weight and of most activations.</summary>
    public int ElementBytes => Precision == Precision.Bf16 ? 2 : 4;

    public bool Trains(ModelPart part) => Trainable.Parts().Contains(part);

    /// <summary>The settings of a stage on a machine.</summary>
    /// <param name="recipe">The stage's recipe.</param>
    /// <param name="stage">One of its stages.</param>
    /// <param name="workers">Threads that share a step.</param>
    /// <param name="isGpu">The model computes on a GPU.</param>
    public static StageSettings Of(Recipe recipe, Stage stage, int workers, bool isGpu) =>
        new()
        {
            Precision = recipe.Precision,
            Workers = workers,
            IsGpu = isGpu,
            Trainable = stage.Trainable,
            Lora = stage.Lora,
            BatchSize = stage.Sft?.BatchSize ?? stage.Grpo!.MiniBatchSize,
            MicroBatchSize = stage.Sft?.MicroBatchSize ?? stage.Grpo!.MicroBatchSize,
            GroupSize = stage.Grpo?.GroupSize ?? 1,
            PromptsPerStep = stage.Grpo?.PromptsPerStep ?? 0,
            MaxCompletionTokens = StageRunner.MaxTokens(recipe, stage),
            SampleAtOnce = recipe.SampleAtOnce,
            // Adapters switched off are the reference, unless it moves.
            HasReference = stage.Grpo is { Beta: > 0 } grpo && (stage.Lora is null || grpo.SyncReferenceEvery > 0),
            GradientCheckpointing = stage.Sft?.GradientCheckpointing ?? stage.Grpo!.GradientCheckpointing,
            MaxTiles = recipe.Image.MaxTiles,
        };

    /// <summary>Prompts (for fine-tuning: samples) that one backward pass holds, as the trainers cut a step.</summary>
    public int PromptsPerMicroBatch =>
        Math.Max(1, Math.Min(MicroBatchSize / GroupSize, ((BatchSize / GroupSize) + Workers - 1) / Workers));

    /// <summary>Workers that have something to do.</summary>
    public int BusyWorkers => Math.Min(Workers, Math.Max(1, BatchSize / GroupSize / PromptsPerMicroBatch));
}
