using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Planning;

/// <summary>Plans a recipe: reads the data set and the model's settings, counts tokens and bytes, and computes nothing.</summary>
/// <param name="recipe">What would be trained.</param>
/// <param name="dataset">On what.</param>
/// <param name="workers">Threads that share a step.</param>
/// <param name="machine">What there is; with memory of a GPU the run computes there.</param>
public sealed class RecipePlanner(Recipe recipe, DatasetVersion dataset, int workers, MachineMemory machine)
{
    private readonly Dictionary<string, PlannedModel> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<(CompletionStyle, PlannedModel), PreparedSplit> _splits = [];

    private bool IsGpu => machine.DeviceBytes is not null;

    /// <exception cref="Models.ModelException">A model folder cannot be used.</exception>
    public RunPlan Plan() =>
        new()
        {
            Recipe = recipe.Name,
            Dataset = $"{dataset.Name}@{dataset.Hash[..12]}",
            Precision = recipe.Precision,
            Workers = workers,
            Machine = machine,
            Stages = [.. recipe.Stages.Select(Plan)],
        };

    /// <summary>The training split as a stage reads it.</summary>
    internal PreparedSplit Split(Stage stage)
    {
        var model = ModelOf(stage);
        if (!_splits.TryGetValue((stage.Completion, model), out var split))
        {
            split = _splits[(stage.Completion, model)] = new PreparedSplit(
                dataset,
                Data.Datasets.Split.Train,
                model.Tokenizer,
                model.Config.TokensPerTile,
                new ImageTiles(dataset, recipe.Image.Limit(model.Images)),
                recipe.Prompt,
                stage.Completion
            );
        }
        return split;
    }

    private StagePlan Plan(Stage stage)
    {
        var model = ModelOf(stage).Config;
        var settings = StageSettings.Of(recipe, stage, workers, IsGpu);
        var tokens = TokenBudget.Of(Split(stage), dataset.Validation.Count, settings, model);
        return new StagePlan
        {
            Name = stage.Name,
            Kind = stage.Kind,
            Model = model,
            Parts = PartPlan.Of(model, settings),
            Tokens = tokens,
            Memory = new MemoryEstimator(model, settings, tokens).Estimate(),
            Shortfalls = Shortfalls(model, settings, tokens, machine),
        };
    }

    /// <summary>What of a stage does not fit a machine.</summary>
    internal static IReadOnlyList<Shortfall> Shortfalls(
        Models.ModelConfig model,
        StageSettings settings,
        TokenBudget tokens,
        MachineMemory machine
    )
    {
        Shortfall? Of(MemoryPlace place, Func<MemoryEstimate, long> needed, long? available) =>
            available is { } bytes ? new Remedies(model, tokens, needed, bytes).Of(settings, place) : null;
        return
        [
            .. new[]
            {
                machine.DeviceBytes is null
                    ? Of(MemoryPlace.Host, estimate => estimate.TotalBytes, machine.HostBytes)
                    : Of(MemoryPlace.Host, estimate => estimate.HostBytes, machine.HostBytes),
                Of(MemoryPlace.Device, estimate => estimate.DeviceBytes, machine.DeviceBytes),
            }.OfType<Shortfall>(),
        ];
    }

    /// <summary>A stage has the shape of the model it goes back to.</summary>
    private PlannedModel ModelOf(Stage stage)
    {
        if (_models.TryGetValue(stage.Name, out var known))
            return known;
        var parent = recipe.Stages.FirstOrDefault(other =>
            string.Equals(other.Name, stage.From, StringComparison.Ordinal)
        );
        var root = stage.StartsFromPath ? stage.From : Stage.FromNone;
        if (parent is not null)
            return _models[stage.Name] = ModelOf(parent);
        if (!_models.TryGetValue(root, out var model))
            model = _models[root] = stage.StartsFromPath
                ? PlannedModel.Of(stage.From)
                : PlannedModel.Of(recipe, dataset);
        return _models[stage.Name] = model;
    }
}
