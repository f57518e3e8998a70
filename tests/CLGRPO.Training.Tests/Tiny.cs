using CLGRPO.Training.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests;

/// <summary>A model of a few thousand weights with a vocabulary of numbers.</summary>
internal static class Tiny
{
    public const int ImageToken = 5;
    public const int StopToken = 3;
    public const int Vocabulary = 40;

    /// <summary>Image tokens: never sampled.</summary>
    public static readonly int[] Banned = [4, ImageToken, 6];

    public static ModelConfig Config { get; } =
        new()
        {
            Vision = new VisionConfig
            {
                HiddenSize = 16,
                Layers = 1,
                Heads = 2,
                IntermediateSize = 32,
                ImageSize = 16,
                PatchSize = 4,
            },
            Language = new LanguageConfig
            {
                HiddenSize = 32,
                Layers = 2,
                Heads = 4,
                KeyValueHeads = 2,
                IntermediateSize = 48,
                VocabularySize = Vocabulary,
                MaxPositions = 256,
                TieEmbeddings = true,
            },
            ImageTokenId = ImageToken,
        };

    /// <summary>Fresh weights; the embedding is enlarged, so that the next token is neither certain nor anything at all.</summary>
    public static VisionLanguageModel Model(
        long seed = 1,
        ModelConfig? config = null,
        Precision precision = Precision.Fp32
    )
    {
        var model = VisionLanguageModel.Create(config ?? Config, precision: precision);
        model.Parameters.Initialize(seed, model.Config);
        using var noGrad = no_grad();
        model.Decoder.Head.mul_(12);
        return model;
    }

    /// <summary>Random ids without special ones.</summary>
    public static int[] Ids(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(7, Vocabulary))];
    }

    /// <summary>A prompt with one image in it: four image tokens between other ids.</summary>
    public static int[] PromptWithImage(int textTokens, int seed) =>
        [1, 4, .. Enumerable.Repeat(ImageToken, Config.TokensPerTile), 6, .. Ids(textTokens, seed)];

    /// <summary>[images · tokens per tile, feature size]: made-up features.</summary>
    public static Tensor Features(int images, int seed = 0)
    {
        using var generator = new Generator((ulong)seed);
        return randn([images * Config.TokensPerTile, Config.FeatureSize], generator: generator);
    }

    public static float[] Floats(Tensor tensor) =>
        tensor.detach().contiguous().to(ScalarType.Float32).data<float>().ToArray();

    /// <summary>Fails with the largest difference when one is beyond the tolerance.</summary>
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} values, expected {expected.Length}");
        var worst = 0.0;
        for (var i = 0; i < expected.Length; i++)
            worst = Math.Max(
                worst,
                double.IsNaN(actual[i]) ? double.PositiveInfinity : Math.Abs(expected[i] - actual[i])
            );
        Assert.True(worst <= tolerance, $"{what}: off by {worst}, {tolerance} is allowed");
    }

    public static void Close(Tensor expected, Tensor actual, double tolerance, string what) =>
        Close(Floats(expected), Floats(actual), tolerance, what);
}
