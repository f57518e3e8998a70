using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Serving;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Serving;

/// <summary>A tiny model with a vocabulary of letters, and requests to it.</summary>
internal static class TinyServing
{
    public static readonly string[] Labels = ["joy", "fear", "fearless"];

    private static readonly Tokenizer Letters = TokenizerTrainer.Train(
        ["joy fear fearless", "joy fear fearless"],
        270,
        [
            new AddedToken("<think>", Special: false),
            new AddedToken("</think>", Special: false),
            new AddedToken("<answer>", Special: false),
            new AddedToken("</answer>", Special: false),
        ]
    );

    public static PretrainedModel Model(long seed = 1)
    {
        var model = Tiny.Model(
            seed,
            Tiny.Config with
            {
                Language = Tiny.Config.Language with { VocabularySize = Letters.VocabularySize },
                ImageTokenId = Letters.SpecialTokens.ImgContext,
            }
        );
        var images = new ImagePreprocessorConfig(model.Config.Vision.ImageSize, MinTiles: 1, MaxTiles: 2);
        return new PretrainedModel(model, Letters, images);
    }

    public static ServedModel Served(ServeLimits? limits = null, long seed = 1) =>
        new(Model(seed), trained: null, limits ?? new ServeLimits());

    /// <summary>Noise; twice as wide as high: two tiles and a thumbnail.</summary>
    public static RgbImage Picture(int seed, bool wide = false)
    {
        var (width, height) = (wide ? 32 : 16, 16);
        var pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    public static ChatInput Input(PretrainedModel model, string question, params RgbImage[] images) =>
        new(
            model,
            model.Images,
            [new ChatMessage("user", [.. images.Select(_ => new ImagePart()), new TextPart(question)])],
            images
        );

    /// <summary>A request, and all that is told of it.</summary>
    public static (ServedRequest Request, List<ServeEvent> Told) Ask(
        ServedModel model,
        ServeRequest asked,
        string question = "a",
        RgbImage[]? images = null,
        Func<bool>? isBehind = null
    )
    {
        var told = new List<ServeEvent>();
        var request = new ServedRequest(
            asked,
            model,
            Input(model.Pretrained, question, images ?? []),
            asked.MaxTokens ?? 8,
            told.Add,
            isBehind ?? (() => false)
        );
        model.Enqueue(request);
        return (request, told);
    }

    public static void Finish(ServedModel model)
    {
        while (model.HasWork)
            model.Step();
    }

    public static int Tokens(IEnumerable<ServeEvent> told) => told.Count(one => one.Type == ServeEventType.Token);
}
