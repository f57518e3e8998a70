using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Stages;

/// <summary>The nano model: InternVL's architecture with random weights and a vocabulary learnt from the data set.</summary>
internal static class NanoModel
{
    // Enough for every word of a built-in data set to become one token; training stops earlier when no pair is left.
    private const int LargestVocabulary = 2048;

    /// <param name="recipe">Gives shape, precision, prompt and seed.</param>
    /// <param name="dataset">Its training texts make the vocabulary.</param>
    /// <param name="device">Where.</param>
    public static PretrainedModel Create(Recipe recipe, DatasetVersion dataset, Device device)
    {
        var tokenizer = TrainTokenizer(recipe, dataset);
        var model = VisionLanguageModel.Create(Config(recipe.Model, tokenizer), device, recipe.Precision);
        model.Parameters.Initialize(recipe.Seed, model.Config);
        return new PretrainedModel(model, tokenizer, Images(recipe));
    }

    internal static ImagePreprocessorConfig Images(Recipe recipe) =>
        new(recipe.Model.Vision.ImageSize, MinTiles: 1, recipe.Image.MaxTiles, UseThumbnail: true);

    internal static Tokenizer TrainTokenizer(Recipe recipe, DatasetVersion dataset)
    {
        var texts = dataset.Train.Select(sample => sample.Completion).OfType<string>();
        var prompts = new[] { recipe.Prompt.System, recipe.Prompt.Cot, recipe.Prompt.Answer };
        // Twice, since a pair that occurs once is never joined.
        var always = dataset.Info.Labels.Concat(prompts).Concat(ChatTemplate.Roles);
        string[] tags =
        [
            CompletionFormat.ThinkOpen,
            CompletionFormat.ThinkClose,
            CompletionFormat.AnswerOpen,
            CompletionFormat.AnswerClose,
        ];
        return TokenizerTrainer.Train(
            [.. texts, .. always, .. always],
            LargestVocabulary,
            [.. tags.Select(tag => new AddedToken(tag, Special: false))]
        );
    }

    /// <summary>The preset's shape with a tokenizer's vocabulary.</summary>
    internal static ModelConfig Config(ModelSource source, Tokenizer tokenizer)
    {
        var (vision, language) = (source.Vision, source.Language);
        return new ModelConfig
        {
            Vision = new VisionConfig
            {
                HiddenSize = vision.HiddenSize,
                Layers = vision.NumHiddenLayers,
                Heads = vision.NumAttentionHeads,
                IntermediateSize = vision.IntermediateSize,
                ImageSize = vision.ImageSize,
                PatchSize = vision.PatchSize,
                InitialLayerScale = 0.5, // 0.1 suits a pretrained tower of 24 layers; three layers from scratch learn faster so
            },
            Language = new LanguageConfig
            {
                HiddenSize = language.HiddenSize,
                Layers = language.NumHiddenLayers,
                Heads = language.NumAttentionHeads,
                KeyValueHeads = language.NumKeyValueHeads,
                IntermediateSize = language.IntermediateSize,
                VocabularySize = tokenizer.VocabularySize,
                RopeTheta = 1e4,
                MaxPositions = 2048,
                TieEmbeddings = language.TieWordEmbeddings,
            },
            ImageTokenId = tokenizer.SpecialTokens.ImgContext,
        };
    }
}
