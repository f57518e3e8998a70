using CLGRPO.Data.Cot;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Sft;

namespace CLGRPO.Training.Stages;

public enum StageKind
{
    Sft,
    Grpo,
}

/// <summary>One stage; exactly one of <see cref="Sft"/> and <see cref="Grpo"/> is set, as <see cref="Kind"/> says.</summary>
public sealed record Stage
{
    /// <summary><see cref="From"/> of a stage that starts with the recipe's own model.</summary>
    public const string FromNone = "none";

    public required string Name { get; init; }

    public required StageKind Kind { get; init; }

    /// <summary>An earlier stage of the recipe, <see cref="FromNone"/>, or the path of a checkpoint (with a slash in it).</summary>
    public required string From { get; init; }

    public CompletionStyle Completion { get; init; } = CompletionStyle.Cot;

    public SftConfig? Sft { get; init; }

    public GrpoConfig? Grpo { get; init; }

    public TrainableConfig Trainable => Sft?.Trainable ?? Grpo!.Trainable;

    public LoraConfig? Lora => Sft is null ? Grpo!.Lora : Sft.Lora;

    public bool StartsFromModel => string.Equals(From, FromNone, StringComparison.Ordinal);

    public bool StartsFromPath => IsPath(From);

    internal static bool IsPath(string from) => from.Contains('/', StringComparison.Ordinal);

    /// <summary>What the person who starts this stage should know.</summary>
    public IEnumerable<string> Warnings()
    {
        if (Grpo is not { } config)
        {
            yield break;
        }
        if (ClipActivity.Warning(config) is { } onPolicy)
        {
            yield return onPolicy;
        }
        if (config is { ImportanceSamplingLevel: ImportanceSamplingLevel.Sequence, LossType: not LossType.Grpo })
        {
            yield return "importance_sampling_level: sequence weighs each sequence by its length under this loss_type; use loss_type: grpo.";
        }
        if (config.Sampling.IsTruncated)
        {
            yield return "top_k, top_p, min_p and repetition_penalty make the sampled distribution another than the one whose log-probabilities are trained.";
        }
    }
}
