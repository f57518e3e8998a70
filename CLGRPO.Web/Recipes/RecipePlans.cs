using CLGRPO.Data.Datasets;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Recipes;

/// <summary>Dry runs: what a recipe takes on this machine, or on a GPU of another size. One at a time; the newest are kept.</summary>
public sealed class RecipePlans(IOptions<TrainingOptions> options) : IDisposable
{
    private const int Kept = 16;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Queue<((string Hash, int? GpuGB) Key, RunPlan Plan)> _done = new();

    /// <summary>Data sets that a recipe can name.</summary>
    public IReadOnlyList<string> Datasets =>
        Directory.Exists(options.Value.DatasetsPath)
            ?
            [
                .. Directory
                    .EnumerateDirectories(options.Value.DatasetsPath)
                    .Select(path => Path.GetFileName(path))
                    .Where(name => TrainSamples(name) is not null)
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>Samples that a data set has for training; null where there is none of that name, or several versions.</summary>
    public int? TrainSamples(string dataset)
    {
        if (!RunRecipe.IsDatasetName(dataset))
            return null;
        try
        {
            return DatasetVersion.ReadInfo(DatasetVersion.Find(options.Value.DatasetsPath, dataset)).Counts.Train;
        }
        catch (Exception e) when (e is IOException or DatasetException)
        {
            return null;
        }
    }

    /// <param name="gpuGB">Plan for a GPU with so much memory; null: for this machine.</param>
    /// <exception cref="PlanException">The data set or a model cannot be used; the message says why.</exception>
    public async Task<RunPlan> Plan(Recipe recipe, int? gpuGB, CancellationToken stop)
    {
        var key = (recipe.ContentHash(), gpuGB);
        await _one.WaitAsync(stop);
        try
        {
            if (_done.FirstOrDefault(done => done.Key == key).Plan is { } known)
                return known;
            var plan = await Task.Run(() => Compute(recipe, gpuGB), stop);
            _done.Enqueue((key, plan));
            if (_done.Count > Kept)
                _done.Dequeue();
            return plan;
        }
        catch (Exception e) when (e is IOException or DatasetException or ModelException or ArgumentException)
        {
            throw new PlanException(e.Message, e);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private RunPlan Compute(Recipe recipe, int? gpuGB)
    {
        var settings = options.Value;
        var machine = gpuGB is { } size
            ? new MachineMemory(HostBytes: null, size * 1_000_000_000L)
            : MachineMemory.Here(settings.Device ?? ComputeDevice.DefaultName);
        var workers = machine.DeviceBytes is null ? settings.Workers ?? Environment.ProcessorCount : 1;
        var dataset = DatasetVersion.Open(DatasetVersion.Find(settings.DatasetsPath, recipe.Dataset));
        return new RecipePlanner(recipe, dataset, workers, machine).Plan();
    }
}

/// <summary>A recipe cannot be planned; the message says why.</summary>
public sealed class PlanException(string message, Exception inner) : Exception(message, inner);
