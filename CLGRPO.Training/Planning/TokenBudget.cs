using System.Text.Json.Serialization;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Planning;

/// <summary>The training sample that takes the most memory.</summary>
/// <param name="Id">Its id in the data set.</param>
/// <param name="Tiles">Of its image, the thumbnail included.</param>
/// <param name="ImageTokens">Tokens of its image.</param>
/// <param name="PromptTokens">Tokens of its prompt, those of the image included.</param>
/// <param name="CompletionTokens">Tokens it teaches, or, where completions are sampled, tokens they may have.</param>
public sealed record LongestSample(string Id, int Tiles, int ImageTokens, int PromptTokens, int CompletionTokens)
{
    public int Tokens => PromptTokens + CompletionTokens;

    /// <summary>Its place in the split.</summary>
    [JsonIgnore]
    public int Index { get; init; }

    /// <summary>The same text with fewer tiles.</summary>
    internal LongestSample WithMaxTiles(int maxTiles, int tokensPerTile)
    {
        var tiles = Math.Min(Tiles, maxTiles == 1 ? 1 : maxTiles + 1);
        var image = tiles * tokensPerTile;
        return this with { Tiles = tiles, ImageTokens = image, PromptTokens = PromptTokens - ImageTokens + image };
    }
}

/// <summary>How many tokens a stage reads and writes.</summary>
/// <param name="Samples">Training samples the stage draws from.</param>
/// <param name="ValidationSamples">Samples of the validation split.</param>
/// <param name="Longest">The longest of them.</param>
/// <param name="MeanPromptTokens">Image tokens included.</param>
/// <param name="MeanCompletionTokens">Of what is taught; where completions are sampled, of the data set's own.</param>
/// <param name="MeanTiles">Per image.</param>
/// <param name="TokensPerTile">Image tokens of one tile.</param>
/// <param name="OptimizerStepTokens">Prompt and completion tokens of one optimizer step, at most.</param>
/// <param name="RolloutBatchTokens">Prompt and completion tokens of one batch of rollouts, at most; null for fine-tuning.</param>
public sealed record TokenBudget(
    int Samples,
    int ValidationSamples,
    LongestSample Longest,
    double MeanPromptTokens,
    double MeanCompletionTokens,
    double MeanTiles,
    int TokensPerTile,
    long OptimizerStepTokens,
    long? RolloutBatchTokens
)
{
    /// <summary>Counts the tokens of a stage's training split.</summary>
    /// <param name="split">Prepared with the stage's completion style.</param>
    /// <param name="validationSamples">Samples of the validation split.</param>
    /// <param name="settings">The stage's.</param>
    /// <param name="model">Gives the tokens of a tile.</param>
    public static TokenBudget Of(PreparedSplit split, int validationSamples, StageSettings settings, ModelConfig model)
    {
        int[] used = settings.IsGrpo ? [.. Enumerable.Range(0, split.Samples.Count)] : split.Learnable();
        if (used.Length == 0)
            throw new ModelException(
                "No training sample has a completion to learn: the data set has no chains of thought."
            );
        int Tiles(int sample) => split.Samples[sample].Tiles;
        int Completion(int sample) =>
            settings.IsGrpo ? settings.MaxCompletionTokens : split.Samples[sample].TargetIds.Length;
        var index = used.MaxBy(sample => split.Samples[sample].PromptIds.Length + Completion(sample));
        var longest = new LongestSample(
            split.Samples[index].Sample.Id,
            Tiles(index),
            Tiles(index) * model.TokensPerTile,
            split.Samples[index].PromptIds.Length,
            Completion(index)
        )
        {
            Index = index,
        };
        var prompts = settings.BatchSize / settings.GroupSize;
        long PerPrompt(int groups) =>
            (long)groups * (longest.PromptTokens + (settings.GroupSize * longest.CompletionTokens));
        return new TokenBudget(
            used.Length,
            validationSamples,
            longest,
            used.Average(sample => split.Samples[sample].PromptIds.Length),
            used.Average(sample => split.Samples[sample].TargetIds.Length),
            used.Average(Tiles),
            model.TokensPerTile,
            PerPrompt(prompts),
            settings.IsGrpo ? PerPrompt(settings.PromptsPerStep) : null
        );
    }
}
