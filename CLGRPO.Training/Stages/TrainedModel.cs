using CLGRPO.Data.Cot;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Rewards;

namespace CLGRPO.Training.Stages;

/// <summary>What a run knows about one of its checkpoints: the recipe, and the stage that made it.</summary>
/// <param name="Recipe">Gives the prompts.</param>
/// <param name="Stage">Gives the completion style.</param>
internal sealed record TrainedModel(Recipe Recipe, Stage Stage)
{
    // A run's checkpoints lie at checkpoints/step-N in its folder.
    private const string RecipeFromCheckpoint = "../../recipe.yaml";

    /// <summary>The run behind a model folder; null when the folder is no checkpoint of a run.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static TrainedModel? Find(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"There is no model folder '{folder}'. Give a folder with config.json, tokenizer.json and safetensors, such as a run's checkpoints/step-0000100."
            );
        }
        var recipePath = Path.GetFullPath(Path.Combine(folder, RecipeFromCheckpoint));
        var statePath = Path.Combine(folder, "state.json");
        if (!File.Exists(recipePath) || !File.Exists(statePath))
        {
            return null;
        }
        var recipe = RecipeReader.ReadFile(recipePath);
        var name = CheckpointState.Parse(File.ReadAllText(statePath)).Stage;
        var stage =
            recipe.Stages.FirstOrDefault(stage => string.Equals(stage.Name, name, StringComparison.Ordinal))
            ?? throw new InvalidDataException($"{statePath} names stage '{name}', which {recipePath} does not have.");
        return new TrainedModel(recipe, stage);
    }

    /// <summary>How images are cut: the model's way, with the limit of tiles that it was trained under.</summary>
    /// <param name="trained">null: the model comes from no run.</param>
    public static ImagePreprocessorConfig Tiling(TrainedModel? trained, ImagePreprocessorConfig images) =>
        trained?.Recipe.Image.Limit(images) ?? images;

    /// <summary>The texts to ask with: what was given, else what the model was trained with.</summary>
    /// <param name="trained">null: the model comes from no run.</param>
    /// <param name="system">null: not given.</param>
    /// <param name="question">null: not given.</param>
    /// <param name="style">What the completion should look like; null: as the stage was trained.</param>
    /// <param name="labels">What <c>{labels}</c> stands for; null where no data set is known.</param>
    /// <exception cref="ArgumentException">No question is known.</exception>
    public static (string System, string Question) Texts(
        TrainedModel? trained,
        string? system,
        string? question,
        CompletionStyle? style = null,
        IReadOnlyList<string>? labels = null
    )
    {
        var prompt = trained?.Recipe.Prompt;
        question ??=
            prompt?.For(style ?? trained!.Stage.Completion)
            ?? throw new ArgumentException(
                "The model folder is no checkpoint of a run, so its prompt is not known; give --prompt."
            );
        if (question.Contains("{labels}", StringComparison.Ordinal))
        {
            question = labels is null
                ? throw new ArgumentException(
                    $"The prompt '{question}' needs the labels of a data set; give --prompt with the labels written out."
                )
                : question.Replace("{labels}", string.Join(", ", labels), StringComparison.Ordinal);
        }
        return (system ?? prompt?.System ?? "", question);
    }
}
