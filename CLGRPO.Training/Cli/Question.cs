using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>One question, about images or of text alone, made ready for a model.</summary>
internal sealed class Question
{
    private readonly IReadOnlyList<TiledImage> _images;
    private readonly ImagePreprocessor _preprocessor;

    /// <param name="model">Gives tokenizer, tiling and tokens per tile.</param>
    /// <param name="trained">The run that made the model, whose limit of tiles holds; null: the model's own.</param>
    /// <param name="system">Empty: no system message.</param>
    /// <param name="text">What is asked.</param>
    /// <param name="imagePaths">In the order in which they stand before the text; empty: text alone.</param>
    /// <exception cref="ImageException">An image cannot be read; it is named.</exception>
    /// <exception cref="ArgumentException">The prompt leaves no place for a completion.</exception>
    public Question(
        PretrainedModel model,
        TrainedModel? trained,
        string system,
        string text,
        IReadOnlyList<string> imagePaths
    )
    {
        _preprocessor = new ImagePreprocessor(trained?.Recipe.Image.Limit(model.Images) ?? model.Images);
        _images = [.. imagePaths.Select(Read)];
        var user = new ChatMessage("user", [.. _images.Select(_ => new ImagePart()), new TextPart(text)]);
        ChatMessage[] messages = system.Length > 0 ? [new ChatMessage("system", system), user] : [user];
        Ids = new ChatTemplate(model.Tokenizer)
            .Render(messages, [.. _images.Select(image => image.TileCount)], model.Model.Config.TokensPerTile)
            .Ids;
        RequirePlaces(model.Model.Config);
    }

    /// <summary>[tokens], up to the beginning of the assistant's message.</summary>
    public int[] Ids { get; }

    /// <returns>[image tokens, feature size]; null without an image.</returns>
    public Tensor? Features(VisionLanguageModel model)
    {
        if (_images.Count == 0)
            return null;
        return model.ImageFeatures(cat([.. _images.Select(Tiles)]).to(model.Device));
    }

    private Tensor Tiles(TiledImage image)
    {
        var values = new float[image.Tiles.Length];
        _preprocessor.Normalize(image.Tiles, values);
        return tensor(values, [image.TileCount, 3, image.TileSize, image.TileSize]);
    }

    private void RequirePlaces(ModelConfig config)
    {
        if (Ids.Length < config.Language.Places)
            return;
        var ofImages = _images.Sum(image => image.TileCount) * config.TokensPerTile;
        throw new ArgumentException(
            $"The prompt has {Ids.Length} tokens, {ofImages} of them of images; the model has places for {config.Language.Places} with the completion. Prompts are never cut: give fewer images or a shorter text."
        );
    }

    private TiledImage Read(string path)
    {
        try
        {
            return _preprocessor.Preprocess(ImageDecoder.Decode(path));
        }
        catch (ImageException e)
        {
            throw new ImageException($"{path}: {e.Message}");
        }
    }
}
