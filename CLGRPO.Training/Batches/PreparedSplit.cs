using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>A sample as a stage reads it.</summary>
/// <param name="Sample">The data-set row.</param>
/// <param name="Tiles">Tiles of its image, thumbnail included, that the prompt's image tokens stand for.</param>
/// <param name="PromptIds">Chat text up to the assistant's turn, image tokens included.</param>
/// <param name="TargetIds">What the assistant should write, its end token included; empty when there is nothing to learn.</param>
public sealed record PreparedSample(Sample Sample, int Tiles, int[] PromptIds, int[] TargetIds);

/// <summary>A split of a data set, turned into tokens for one completion style.</summary>
public sealed class PreparedSplit
{
    /// <summary>Samples that are prepared already.</summary>
    internal PreparedSplit(
        IReadOnlyList<PreparedSample> samples,
        IReadOnlyList<string> labels,
        IImageTiles images,
        CompletionStyle style
    ) => (Samples, Labels, Images, Style) = (samples, labels, images, style);

    /// <param name="version">The data set.</param>
    /// <param name="split">Which part of it.</param>
    /// <param name="model">Gives tokenizer and tile counts.</param>
    /// <param name="images">Gives the tile count of each image.</param>
    /// <param name="prompt">System text and question.</param>
    /// <param name="style">Reasoning and answer, or the answer alone.</param>
    public PreparedSplit(
        DatasetVersion version,
        Split split,
        PretrainedModel model,
        IImageTiles images,
        PromptConfig prompt,
        CompletionStyle style
    )
        : this(version, split, model.Tokenizer, model.Model.Config.TokensPerTile, images, prompt, style) { }

    /// <param name="version">The data set.</param>
    /// <param name="split">Which part of it.</param>
    /// <param name="tokenizer">Turns text into tokens.</param>
    /// <param name="tokensPerTile">Image tokens of one tile.</param>
    /// <param name="images">Gives the tile count of each image.</param>
    /// <param name="prompt">System text and question.</param>
    /// <param name="style">Reasoning and answer, or the answer alone.</param>
    public PreparedSplit(
        DatasetVersion version,
        Split split,
        Tokenizer tokenizer,
        int tokensPerTile,
        IImageTiles images,
        PromptConfig prompt,
        CompletionStyle style
    )
    {
        (Labels, Images, Style) = (version.Info.Labels, images, style);
        var question = prompt.For(style).Replace("{labels}", string.Join(", ", Labels), StringComparison.Ordinal);
        var template = new ChatTemplate(tokenizer);
        var promptsByTiles = new Dictionary<int, int[]>(); // the text is the same for every image, only the tile count varies
        Samples =
        [
            .. version
                .Of(split)
                .Select(sample =>
                {
                    var tiles = images.TileCount(sample);
                    return new PreparedSample(sample, tiles, PromptFor(tiles), Target(sample, style, tokenizer));
                }),
        ];

        int[] PromptFor(int tiles)
        {
            if (!promptsByTiles.TryGetValue(tiles, out var ids))
                promptsByTiles[tiles] = ids = template
                    .Render(Messages(prompt.System, question), [tiles], tokensPerTile)
                    .Ids;
            return ids;
        }
    }

    public IReadOnlyList<PreparedSample> Samples { get; }
    public IReadOnlyList<string> Labels { get; }
    public IImageTiles Images { get; }
    public CompletionStyle Style { get; }

    /// <summary>Fails where a sample does not fit: nothing is ever cut.</summary>
    /// <param name="model">Has the places.</param>
    /// <param name="completionTokens">Tokens that a policy may write after each prompt.</param>
    /// <exception cref="ModelException">A sample has more tokens than the model has places; it is named.</exception>
    public void RequirePlaces(LanguageConfig model, int completionTokens)
    {
        foreach (var sample in Samples)
        {
            var (prompt, completion) = (sample.PromptIds.Length, Math.Max(sample.TargetIds.Length, completionTokens));
            if (prompt + completion > model.Places)
                throw new ModelException(
                    $"Sample '{sample.Sample.Id}' needs {prompt + completion} tokens: {prompt} for the prompt with an image of {sample.Tiles} tiles, {completion} for the completion; the model has places for {model.Places}. Prompts are never cut: lower image.max_tiles or max_completion_tokens, or shorten the prompt."
                );
        }
    }

    /// <summary>The tiles of some samples; each must have as many as its prompt was written for.</summary>
    /// <param name="samples">Indexes.</param>
    /// <param name="config">The model that will see them.</param>
    /// <param name="augment">Changes a sample's pixels; null for none.</param>
    /// <returns>[tiles, 3, size, size], normalised.</returns>
    /// <exception cref="ModelException">A sample has another number of image tokens than of image features; it is named.</exception>
    public Tensor LoadTiles(IReadOnlyList<int> samples, ModelConfig config, AugmentTiles? augment = null)
    {
        RequireImageTokens(samples, config);
        var tileValues = 3 * config.Vision.ImageSize * config.Vision.ImageSize;
        return Images.Load(
            [.. samples.Select(sample => Samples[sample].Sample)],
            (place, pixels) =>
            {
                var sample = Samples[samples[place]];
                if (pixels.Length != sample.Tiles * tileValues)
                    throw new ModelException(
                        $"Sample '{sample.Sample.Id}' was prepared with {sample.Tiles} tiles, but its image now gives {pixels.Length / tileValues}. Do not change images or image.max_tiles while a stage runs."
                    );
                augment?.Invoke(place, pixels);
            }
        );
    }

    /// <summary>Fails unless every prompt has an image token for each feature of its image: to be asked before each forward pass.</summary>
    /// <exception cref="ModelException">They differ; the sample is named.</exception>
    public void RequireImageTokens(IReadOnlyList<int> samples, ModelConfig config)
    {
        foreach (var sample in samples.Select(sample => Samples[sample]))
        {
            var tokens = sample.PromptIds.Count(id => id == config.ImageTokenId);
            if (tokens != sample.Tiles * config.TokensPerTile)
                throw new ModelException(
                    $"Sample '{sample.Sample.Id}': its prompt has {tokens} image tokens, but {sample.Tiles} tiles give {sample.Tiles * config.TokensPerTile} image features."
                );
        }
    }

    /// <summary>Indexes of the samples that have something to learn.</summary>
    public int[] Learnable() => [.. Enumerable.Range(0, Samples.Count).Where(i => Samples[i].TargetIds.Length > 0)];

    private static ChatMessage[] Messages(string system, string question)
    {
        var user = new ChatMessage("user", [new ImagePart(), new TextPart(question)]);
        return system.Length > 0 ? [new ChatMessage("system", system), user] : [user];
    }

    private static int[] Target(Sample sample, CompletionStyle style, Tokenizer tokenizer)
    {
        var text =
            style == CompletionStyle.Cot
                ? sample.Completion
                : CompletionFormat.Write(think: null, " " + sample.Label, style);
        return text is null ? [] : [.. tokenizer.Encode(text), tokenizer.SpecialTokens.ImEnd];
    }
}
