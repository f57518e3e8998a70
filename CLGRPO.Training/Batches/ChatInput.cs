using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>A chat with its images, made ready for a model.</summary>
internal sealed class ChatInput
{
    private readonly ImagePreprocessor _preprocessor;

    /// <param name="model">Gives tokenizer and tokens per tile.</param>
    /// <param name="tiling">How images are cut: the model's own way, or the run's that made it.</param>
    /// <param name="messages">From the first to the last.</param>
    /// <param name="images">In the order of the messages' image parts.</param>
    /// <param name="begun">What stands in the completion before the model's first word.</param>
    /// <exception cref="ArgumentException">Images and messages do not match, or the prompt leaves no place for a completion.</exception>
    public ChatInput(
        PretrainedModel model,
        ImagePreprocessorConfig tiling,
        IReadOnlyList<ChatMessage> messages,
        IReadOnlyList<RgbImage> images,
        string begun = ""
    )
    {
        _preprocessor = new ImagePreprocessor(tiling);
        Images = [.. images.Select(_preprocessor.Preprocess)];
        var prompt = new ChatTemplate(model.Tokenizer).Render(
            messages,
            [.. Images.Select(image => image.TileCount)],
            model.Model.Config.TokensPerTile
        );
        Ids = [.. prompt.Ids, .. model.Tokenizer.Encode(begun)];
        RequirePlaces(model.Model.Config);
    }

    /// <summary>[tokens], up to where the model writes.</summary>
    public int[] Ids { get; }

    /// <summary>The images as the model sees them.</summary>
    public IReadOnlyList<TiledImage> Images { get; }

    /// <returns>[tiles, 3, size, size], normalised, on the host; null without an image.</returns>
    public Tensor? Tiles() => Images.Count == 0 ? null : cat([.. Images.Select(Normalized)]);

    /// <returns>[image tokens, feature size]; null without an image.</returns>
    public Tensor? Features(VisionLanguageModel model) =>
        Tiles() is { } tiles ? model.ImageFeatures(tiles.to(model.Device)) : null;

    private Tensor Normalized(TiledImage image)
    {
        var values = new float[image.Tiles.Length];
        _preprocessor.Normalize(image.Tiles, values);
        return tensor(values, [image.TileCount, 3, image.TileSize, image.TileSize]);
    }

    private void RequirePlaces(ModelConfig config)
    {
        if (Ids.Length < config.Language.Places)
            return;
        var ofImages = Images.Sum(image => image.TileCount) * config.TokensPerTile;
        throw new ArgumentException(
            $"The prompt has {Ids.Length} tokens, {ofImages} of them of images; the model has places for {config.Language.Places} with the completion. Prompts are never cut: give fewer images or a shorter text."
        );
    }
}
