using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Batches;

/// <summary>A sample as a stage reads it.</summary>
/// <param name="Sample">The data-set row.</param>
/// <param name="PromptIds">Chat text up to the assistant's turn, image tokens included.</param>
/// <param name="TargetIds">What the assistant should write, its end token included; empty when there is nothing to learn.</param>
public sealed record PreparedSample(Sample Sample, int[] PromptIds, int[] TargetIds);

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
                .Select(sample => new PreparedSample(
                    sample,
                    PromptFor(images.TileCount(sample)),
                    Target(sample, style, tokenizer)
                )),
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
