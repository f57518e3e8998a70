using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference;

/// <summary>A model that can be asked.</summary>
/// <param name="Id">Its name: a run's id, <c>run/checkpoint</c>, or <c>models/folder</c>.</param>
/// <param name="Run">The run that made it; null for a model of the models' folder.</param>
/// <param name="Checkpoint">The checkpoint it stands for; for a run's id the newest.</param>
/// <param name="CreatedAt">When it was saved.</param>
public sealed record InferenceModel(string Id, string? Run, string? Checkpoint, DateTimeOffset CreatedAt)
{
    /// <summary>Folders to load, the first that is whole.</summary>
    internal IReadOnlyList<string> Folders { get; init; } = [];
}

/// <summary>What is known of a model besides its name.</summary>
/// <param name="Stage">The stage that made it; null where no run did.</param>
/// <param name="Labels">The answers it was trained to choose from; empty where they are not known.</param>
/// <param name="MaxTokens">Tokens of prompt and completion together; null where its folder does not say.</param>
public sealed record InferenceModelDetails(string? Stage, IReadOnlyList<string> Labels, int? MaxTokens);

/// <summary>
/// The models that can be asked, by name. A name is looked up among what is there, never made into a path.
/// </summary>
public sealed class InferenceModels(TrainingService training, IOptions<TrainingOptions> options)
{
    private const string ModelsPrefix = "models/";
    private const string LabelsFile = "dataset.json";

    /// <summary>Those to choose from: runs that were not put away, newest first, each followed by its checkpoints; then the models' folder.</summary>
    public IReadOnlyList<InferenceModel> List() =>
        [.. training.Listed().SelectMany(run => OfRun(run.Id)), .. OfModelsFolder()];

    /// <summary>A model by its name.</summary>
    /// <param name="id">null: the newest checkpoint of all.</param>
    /// <returns>null: there is none.</returns>
    public InferenceModel? Find(string? id)
    {
        if (id is null)
            return training
                .Listed()
                .SelectMany(run => OfRun(run.Id).Take(1))
                .OrderByDescending(model => model.CreatedAt)
                .FirstOrDefault();
        if (id.StartsWith(ModelsPrefix, StringComparison.Ordinal))
            return OfModelsFolder().FirstOrDefault(model => model.Id == id);
        var run = id.Split('/')[0];
        return OfRun(run).FirstOrDefault(model => model.Id == id);
    }

    /// <summary>Reads what a model's folder says of it.</summary>
    public InferenceModelDetails Describe(InferenceModel model)
    {
        var folder = model.Folders[0];
        try
        {
            var state = Path.Combine(folder, "state.json");
            var trained = File.Exists(state) ? CheckpointState.Parse(File.ReadAllText(state)) : null;
            return new InferenceModelDetails(
                trained?.Stage,
                trained is null ? [] : LabelsOf(trained.DatasetHash),
                PlacesOf(Path.Combine(folder, "config.json"))
            );
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return new InferenceModelDetails(null, [], null); // being written or deleted; asking it says what is wrong
        }
    }

    private IEnumerable<InferenceModel> OfRun(string id)
    {
        if (training.Directory(id) is not { } run)
            return [];
        var checkpoints = Sealed(run).ToList();
        if (checkpoints.Count == 0)
            return [];
        return
        [
            new InferenceModel(id, id, checkpoints[0].Name, checkpoints[0].SavedAt)
            {
                Folders = [.. checkpoints.Select(checkpoint => checkpoint.Folder)],
            },
            .. checkpoints.Select(checkpoint => new InferenceModel(
                $"{id}/{checkpoint.Name}",
                id,
                checkpoint.Name,
                checkpoint.SavedAt
            )
            {
                Folders = [checkpoint.Folder],
            }),
        ];
    }

    /// <summary>Newest first.</summary>
    private static IEnumerable<(string Name, string Folder, DateTimeOffset SavedAt)> Sealed(RunDirectory run) =>
        !Directory.Exists(run.CheckpointsPath)
            ? []
            : Directory
                .EnumerateDirectories(run.CheckpointsPath, "step-*")
                .Where(folder => !folder.Contains(".tmp-", StringComparison.Ordinal))
                .Select(folder =>
                    (Folder: folder, Seal: new FileInfo(Path.Combine(folder, CheckpointManifest.FileName)))
                )
                .Where(one => one.Seal.Exists)
                .OrderByDescending(one => one.Folder, StringComparer.Ordinal)
                .Select(one =>
                    (Path.GetFileName(one.Folder), one.Folder, new DateTimeOffset(one.Seal.LastWriteTimeUtc))
                );

    private IEnumerable<InferenceModel> OfModelsFolder() =>
        options.Value.ModelsPath is not { } root || !Directory.Exists(root)
            ? []
            : Directory
                .EnumerateDirectories(root)
                .Select(folder => (Folder: folder, Config: new FileInfo(Path.Combine(folder, "config.json"))))
                .Where(one => one.Config.Exists)
                .OrderBy(one => one.Folder, StringComparer.Ordinal)
                .Select(one => new InferenceModel(
                    ModelsPrefix + Path.GetFileName(one.Folder),
                    null,
                    null,
                    new DateTimeOffset(one.Config.LastWriteTimeUtc)
                )
                {
                    Folders = [Path.GetFullPath(one.Folder)],
                });

    private IReadOnlyList<string> LabelsOf(string datasetHash)
    {
        var root = options.Value.DatasetsPath;
        var version = Directory.Exists(root)
            ? Directory
                .EnumerateDirectories(root)
                .Select(dataset => Path.Combine(dataset, datasetHash, LabelsFile))
                .FirstOrDefault(File.Exists)
            : null;
        if (version is null)
            return [];
        using var info = JsonDocument.Parse(File.ReadAllBytes(version));
        return [.. info.RootElement.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!)];
    }

    private static int? PlacesOf(string configPath)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(configPath));
        foreach (var language in (string[])["text_config", "llm_config"])
        {
            if (
                config.RootElement.TryGetProperty(language, out var settings)
                && settings.TryGetProperty("max_position_embeddings", out var places)
                && places.TryGetInt32(out var count)
            )
                return count;
        }
        return null;
    }
}
