using System.Text.Json;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Stages;

/// <summary>A stage that is done.</summary>
/// <param name="Checkpoint">Folder name of the checkpoint it hands on: the best one where it keeps the best, else its last.</param>
/// <param name="ManifestHash">Names that checkpoint's content; a stage that starts from it checks it.</param>
/// <param name="TrainSeconds">Seconds of training.</param>
public sealed record FinishedStage(string Checkpoint, string ManifestHash, double TrainSeconds);

/// <summary>Which stages of a run are done: <c>stages.json</c> in the run's folder.</summary>
public sealed class StageLedger
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
    private readonly string _path;
    private readonly Dictionary<string, FinishedStage> _finished;

    public StageLedger(RunDirectory run)
    {
        _path = Path.Combine(run.Path, "stages.json");
        _finished = File.Exists(_path)
            ? JsonSerializer.Deserialize<Dictionary<string, FinishedStage>>(File.ReadAllText(_path), Json)!
            : [];
    }

    public IReadOnlyDictionary<string, FinishedStage> Finished => _finished;

    /// <summary>The stage is to be trained again.</summary>
    public void Remove(string stage)
    {
        if (_finished.Remove(stage))
            Write();
    }

    public void Add(string stage, FinishedStage finished)
    {
        _finished[stage] = finished;
        Write();
    }

    private void Write() => AtomicFile.WriteText(_path, JsonSerializer.Serialize(_finished, Json));
}
