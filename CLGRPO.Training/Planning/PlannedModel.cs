using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Settings;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Planning;

/// <summary>A model without its weights: enough to turn samples into tokens and to count parameters.</summary>
internal sealed record PlannedModel(ModelConfig Config, Tokenizer Tokenizer, ImagePreprocessorConfig Images)
{
    /// <summary>The model that <c>from: none</c> begins with.</summary>
    public static PlannedModel Of(Recipe recipe, DatasetVersion dataset)
    {
        if (recipe.Model.Path is { } folder)
            return Of(folder);
        var tokenizer = NanoModel.TrainTokenizer(recipe, dataset);
        return new PlannedModel(NanoModel.Config(recipe.Model, tokenizer), tokenizer, NanoModel.Images(recipe));
    }

    /// <summary>A model folder's.</summary>
    /// <exception cref="ModelException">There is no such folder, or it cannot be used.</exception>
    public static PlannedModel Of(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ModelException(
                $"There is no model folder '{folder}'. Give the folder of a downloaded model with --model, or make one of the same shape with `clgrpo model create`."
            );
        var settings = ModelSettings.Load(folder);
        using var weights = WeightFolder.Open(folder);
        var config = weights.Tied(settings.Config);
        _ = weights.Match(VisionLanguageModel.Declare(config)); // refuses now what loading would refuse
        return new PlannedModel(config, settings.Tokenizer, settings.Images);
    }
}
