using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Benchmarks;

/// <summary>The nano model that recipes start from: its shape, random weights, and a vocabulary as large as one learnt from a data set.</summary>
internal static class BenchmarkModel
{
    private const int Vocabulary = 640;

    public static PretrainedModel Nano(long seed)
    {
        var source = new ModelSource();
        var tokenizer = TokenizerTrainer.Train(
            [Words, Words], // a pair that occurs once is never joined
            Vocabulary - SpecialTokens.All.Count,
            addedTokens: []
        );
        var model = VisionLanguageModel.Create(NanoModel.Config(source, tokenizer));
        model.Parameters.Initialize(seed, model.Config);
        var images = new ImagePreprocessorConfig(source.Vision.ImageSize, MinTiles: 1, MaxTiles: 1, UseThumbnail: true);
        return new PretrainedModel(model, tokenizer, images);
    }

    /// <summary>All words of two letters: more pairs than the vocabulary has room for.</summary>
    private static string Words =>
        string.Join(
            ' ',
            from first in "abcdefghijklmnopqrstuvwxyz"
            from second in "abcdefghijklmnopqrstuvwxyz"
            select $"{first}{second}"
        );
}
