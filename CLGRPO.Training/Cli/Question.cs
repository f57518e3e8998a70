using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>One question, about an image or of text alone, made ready for a model.</summary>
internal sealed class Question
{
    private readonly TiledImage? _image;
    private readonly ImagePreprocessor _preprocessor;

    /// <param name="model">Gives tokenizer, tiling and tokens per tile.</param>
    /// <param name="system">Empty: no system message.</param>
    /// <param name="text">What is asked.</param>
    /// <param name="imagePath">null: text alone.</param>
    /// <exception cref="ImageException">The image cannot be read.</exception>
    public Question(PretrainedModel model, string system, string text, string? imagePath)
    {
        _preprocessor = new ImagePreprocessor(model.Images);
        _image = imagePath is null ? null : Read(imagePath);
        ChatPart[] parts = imagePath is null ? [new TextPart(text)] : [new ImagePart(), new TextPart(text)];
        var user = new ChatMessage("user", parts);
        ChatMessage[] messages = system.Length > 0 ? [new ChatMessage("system", system), user] : [user];
        Ids = new ChatTemplate(model.Tokenizer)
            .Render(messages, _image is null ? [] : [_image.TileCount], model.Model.Config.TokensPerTile)
            .Ids;
        if (Ids.Length > model.Model.Config.Language.MaxPositions)
        {
            throw new ArgumentException(
                $"The prompt has {Ids.Length} tokens; the model has places for {model.Model.Config.Language.MaxPositions}."
            );
        }
    }

    /// <summary>[tokens], up to the beginning of the assistant's message.</summary>
    public int[] Ids { get; }

    /// <returns>[image tokens, feature size]; null without an image.</returns>
    public Tensor? Features(VisionLanguageModel model)
    {
        if (_image is null)
        {
            return null;
        }
        var values = new float[_image.Tiles.Length];
        _preprocessor.Normalize(_image.Tiles, values);
        var tiles = tensor(values, [_image.TileCount, 3, _image.TileSize, _image.TileSize]);
        return model.ImageFeatures(tiles.to(model.Device));
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
