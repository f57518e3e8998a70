using System.Collections.Concurrent;
using System.Globalization;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Playground;

/// <summary>A model to choose.</summary>
/// <param name="Id">As <see cref="InferenceModels"/> names it.</param>
/// <param name="Title">The stage that made it, else its name.</param>
/// <param name="Place">The run and the checkpoint.</param>
/// <param name="Group">The run, for the list.</param>
/// <param name="System">The system message that it was trained with; empty: none; null: not known.</param>
/// <param name="Question">What it was trained to be asked; null where that is not known.</param>
/// <param name="Labels">The answers it was trained to choose from.</param>
/// <param name="DatasetHash">The data set's version it was trained on.</param>
public sealed record ModelChoice(
    string Id,
    string Title,
    string Place,
    string Group,
    string? Stage,
    string? System,
    string? Question,
    IReadOnlyList<string> Labels,
    string? DatasetHash
);

/// <summary>The models that the playground offers, each with what it was trained to be asked.</summary>
public sealed class PlaygroundModels(InferenceModels models, TrainingService training)
{
    /// <summary>Models that can be asked side by side.</summary>
    public const int MostAtOnce = 4;

    private const string Baseline = "baseline";
    private readonly ConcurrentDictionary<(string Id, DateTimeOffset CreatedAt), ModelChoice> _known = new();

    /// <summary>Every checkpoint, newest run and newest checkpoint first; then the models that no run made.</summary>
    public IReadOnlyList<ModelChoice> List() =>
        [
            .. models
                .List()
                .Where(model => model.Id != model.Run)
                .Select(model => _known.GetOrAdd((model.Id, model.CreatedAt), _ => Describe(model))),
        ];

    /// <summary>What to ask where nobody chose: of the newest run the baseline and its last stage, else its first stage and its last.</summary>
    /// <param name="all">From <see cref="List"/>.</param>
    public static IReadOnlyList<ModelChoice> Usual(IReadOnlyList<ModelChoice> all)
    {
        if (all.Count == 0)
            return [];
        List<ModelChoice> ends =
        [
            .. all.Where(choice => choice.Group == all[0].Group)
                .DistinctBy(choice => choice.Stage, StringComparer.Ordinal),
        ];
        var last = ends.Find(choice => choice.Stage?.StartsWith(Baseline, StringComparison.Ordinal) != true) ?? ends[0];
        var first = ends.Find(choice => choice.Stage == Baseline) ?? ends[^1];
        return first == last ? [last] : [first, last];
    }

    private ModelChoice Describe(InferenceModel model)
    {
        var details = models.Describe(model);
        var (hash, prompt) = Trained(model, details.Stage);
        return new ModelChoice(
            model.Id,
            details.Stage is { } stage ? TitleOf(stage) : model.Id.Split('/')[^1],
            model.Run is null ? "models folder" : $"{model.Run}, {model.Checkpoint}",
            model.Run ?? "models",
            details.Stage,
            prompt?.System,
            prompt?.Question.Replace("{labels}", string.Join(", ", details.Labels), StringComparison.Ordinal),
            details.Labels,
            hash
        );
    }

    private (string? Hash, (string System, string Question)? Prompt) Trained(InferenceModel model, string? stage)
    {
        if (model.Run is null || stage is null || training.Directory(model.Run) is not { } run)
            return (null, null);
        try
        {
            var state = CheckpointState.Parse(File.ReadAllText(Path.Combine(model.Folders[0], "state.json")));
            var recipe = RecipeReader.Parse(File.ReadAllText(run.RecipePath));
            var trained = recipe.Stages.FirstOrDefault(one => one.Name == stage);
            return (
                state.DatasetHash,
                trained is null ? null : (recipe.Prompt.System, recipe.Prompt.For(trained.Completion))
            );
        }
        catch (Exception e) when (e is IOException or RecipeException or System.Text.Json.JsonException)
        {
            return (null, null); // being deleted; asking it says what is wrong
        }
    }

    /// <summary><c>stage-4</c> → Stage 4.</summary>
    private static string TitleOf(string stage)
    {
        var words = stage.Replace('-', ' ').Replace('_', ' ');
        return char.ToUpper(words[0], CultureInfo.InvariantCulture) + words[1..];
    }
}
