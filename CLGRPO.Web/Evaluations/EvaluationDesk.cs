using CLGRPO.Data.Datasets;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Evaluations;

/// <summary>Takes orders for evaluations: what they name is looked up here, once.</summary>
public sealed class EvaluationDesk(
    EvaluationService evaluations,
    InferenceModels models,
    TrainingService training,
    IOptions<TrainingOptions> options,
    TimeProvider clock
)
{
    /// <summary>Frozen versions whose images can be asked about.</summary>
    public IReadOnlyList<VersionFolder> Versions() => VersionFolders.List(options.Value.DatasetsPath);

    /// <summary>Whether there is anything to ask.</summary>
    public bool HasCheckpoints => models.List().Count > 0;

    /// <summary>Puts an evaluation in the queue.</summary>
    /// <param name="by">Who orders it.</param>
    /// <exception cref="EvaluationException">It names something that is not there; the message says what.</exception>
    public EvaluationSummary Order(CreateEvaluation wanted, string by)
    {
        var version = Version(wanted.Dataset);
        var split =
            Splits.All.Where(part => part.Key() == wanted.Split).Select(part => (Split?)part).FirstOrDefault()
            ?? throw new EvaluationException(
                $"split is '{wanted.Split}'; it must be one of {string.Join(", ", Splits.All.Select(part => part.Key()))}."
            );
        var images = version.Info.Counts.Of(split);
        if (images == 0)
            throw new EvaluationException($"The split '{wanted.Split}' of {version.Name} has no images.");
        return evaluations.Create(
            new EvaluationOrder(
                wanted.Name.Trim(),
                version.Reference,
                wanted.Split,
                Math.Min(wanted.Images ?? images, images),
                wanted.Temperature,
                wanted.Seed,
                Named(wanted.Checkpoints),
                by,
                clock.GetUtcNow()
            )
        );
    }

    private VersionFolder Version(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        var (name, prefix) = at < 0 ? (reference, "") : (reference[..at], reference[(at + 1)..]);
        var known = Versions().Where(version => version.Name == name).ToList();
        var fitting = known.Where(version => version.Hash.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        return fitting.Count == 1
            ? fitting[0]
            : throw new EvaluationException(
                known.Count == 0
                    ? $"There is no frozen version of a data set '{name}'."
                    : $"dataset is '{reference}', which fits {fitting.Count} versions; name exactly one of {string.Join(", ", known.Select(version => version.Reference[..(name.Length + 13)]))}."
            );
    }

    /// <summary>Rows are told apart by their names: the stage, and the run or the checkpoint where the stage is not enough. Ablations come last.</summary>
    private IReadOnlyList<OrderedCheckpoint> Named(IReadOnlyList<CheckpointToEvaluate> wanted)
    {
        if (
            wanted.GroupBy(one => one.Model, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is
            { } twice
        )
            throw new EvaluationException($"'{twice.Key}' is named twice.");
        var known = wanted
            .Select(one => Known(one, Model(one.Model)))
            .OrderBy(one => one.IsAblation) // stable: in their order otherwise
            .ToList();
        var unique = known.DistinctBy(one => one.Name, StringComparer.Ordinal).Count() == known.Count;
        return
        [
            .. known.Select(one => new OrderedCheckpoint(
                one.Model.Id,
                unique ? one.Name : $"{one.Name} · {one.Model.Id}",
                unique ? one.Model.Id : null,
                one.IsAblation,
                one.Training
            )),
        ];
    }

    private (InferenceModel Model, string Name, bool IsAblation, string? Training) Known(
        CheckpointToEvaluate wanted,
        InferenceModel model
    )
    {
        var stage = models.Describe(model).Stage;
        return (
            model,
            wanted.Name is { Length: > 0 } name ? name.Trim() : stage ?? model.Id,
            wanted.Ablation ?? EvaluationWords.IsAblation(stage),
            Recipe(model)?.Stages.FirstOrDefault(one => one.Name == stage) is { } trained
                ? EvaluationWords.Of(trained)
                : null
        );
    }

    /// <returns>null: no run made it, or its recipe cannot be read.</returns>
    private Recipe? Recipe(InferenceModel model)
    {
        if (model.Run is null || training.Directory(model.Run) is not { } run)
            return null;
        try
        {
            return RecipeReader.ReadFile(run.RecipePath);
        }
        catch (Exception e) when (e is IOException or RecipeException)
        {
            return null; // the row says less; asking the checkpoint says what is wrong
        }
    }

    // Only what names one checkpoint for good: a run's id alone is its newest, another one tomorrow.
    private InferenceModel Model(string id) =>
        models.Find(id) is { } model && (model.Run is null || id.Contains('/', StringComparison.Ordinal))
            ? model
            : throw new EvaluationException(
                $"There is no checkpoint '{id}'; a checkpoint is named run/step-N, or models/folder."
            );
}
