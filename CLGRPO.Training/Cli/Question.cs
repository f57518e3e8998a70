using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>One question, about images or of text alone, made ready for a model.</summary>
internal sealed class Question
{
    private readonly ChatInput _input;

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
        var user = new ChatMessage("user", [.. imagePaths.Select(_ => new ImagePart()), new TextPart(text)]);
        _input = new ChatInput(
            model,
            TrainedModel.Tiling(trained, model.Images),
            system.Length > 0 ? [new ChatMessage("system", system), user] : [user],
            [.. imagePaths.Select(Read)]
        );
    }

    /// <summary>[tokens], up to the beginning of the assistant's message.</summary>
    public int[] Ids => _input.Ids;

    /// <returns>[image tokens, feature size]; null without an image.</returns>
    public Tensor? Features(VisionLanguageModel model) => _input.Features(model);

    private static RgbImage Read(string path)
    {
        try
        {
            return ImageDecoder.Decode(path);
        }
        catch (ImageException e)
        {
            throw new ImageException($"{path}: {e.Message}");
        }
    }
}
