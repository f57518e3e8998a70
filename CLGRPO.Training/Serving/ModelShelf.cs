using System.Globalization;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>The models that are loaded: a bounded number; the one that was used longest ago makes place for another.</summary>
internal sealed class ModelShelf(Device device, ServeLimits limits) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private TaskCompletionSource _released = NewSignal();

    /// <summary>Folders of the models that are loaded.</summary>
    public IReadOnlyList<string> Folders
    {
        get
        {
            lock (_gate)
                return [.. _entries.Select(entry => entry.Folder)];
        }
    }

    /// <summary>A model to work with until <see cref="Release"/>; loaded first where it is not, once another makes place.</summary>
    /// <exception cref="ModelException">The folder cannot be used.</exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public async Task<ServedModel> TakeAsync(string folder, CancellationToken stop)
    {
        var stamp = Stamp(folder);
        Entry? entry;
        while ((entry = Enter(folder, stamp, out var released)) is null)
            await released.WaitAsync(stop);
        try
        {
            return await entry.Model.WaitAsync(stop);
        }
        catch
        {
            lock (_gate)
            {
                entry.Users--;
                if (entry.Model.IsFaulted)
                    _entries.Remove(entry);
                Signal();
            }
            throw;
        }
    }

    public void Release(ServedModel model)
    {
        lock (_gate)
        {
            var entry = _entries.Single(entry => entry.Model.IsCompletedSuccessfully && entry.Model.Result == model);
            entry.Users--;
            Touch(entry);
            Signal();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Where(entry => entry.Model.IsCompletedSuccessfully))
                entry.Model.Result.Dispose();
            _entries.Clear();
        }
    }

    /// <returns>null: every place is in use; <paramref name="released"/> completes when it may be tried again.</returns>
    private Entry? Enter(string folder, string stamp, out Task released)
    {
        lock (_gate)
        {
            released = _released.Task;
            var entry = _entries.FirstOrDefault(entry => entry.Folder == folder && entry.Stamp == stamp);
            if (entry is null)
            {
                if (_entries.Count >= limits.MaxModels && !Evict())
                    return null;
                entry = new Entry(folder, stamp, Task.Run(() => Load(folder)));
                _entries.Add(entry);
            }
            entry.Users++;
            Touch(entry);
            return entry;
        }
    }

    private bool Evict()
    {
        var oldest = _entries.Where(entry => entry is { Users: 0, Model.IsCompleted: true }).FirstOrDefault();
        if (oldest is null)
            return false;
        _entries.Remove(oldest);
        if (oldest.Model.IsCompletedSuccessfully)
            oldest.Model.Result.Dispose();
        return true;
    }

    // The list is in the order of use.
    private void Touch(Entry entry)
    {
        _entries.Remove(entry);
        _entries.Add(entry);
    }

    private void Signal()
    {
        _released.SetResult();
        _released = NewSignal();
    }

    private ServedModel Load(string folder)
    {
        var isSealed = File.Exists(Path.Combine(folder, CheckpointManifest.FileName));
        if (isSealed && CheckpointManifest.Fault(folder) is { } fault)
            throw new ModelException(fault);
        var trained = TrainedModel.Find(folder);
        return new ServedModel(PretrainedModel.Load(folder, device), trained, limits);
    }

    /// <summary>Changes when someone writes another model into the folder.</summary>
    private static string Stamp(string folder) =>
        Directory.Exists(folder)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{new DirectoryInfo(folder).EnumerateFiles().Select(file => file.LastWriteTimeUtc.Ticks).DefaultIfEmpty().Max()}"
            )
            : throw new ModelException($"There is no model folder '{folder}'.");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Entry(string Folder, string Stamp, Task<ServedModel> Model)
    {
        public int Users { get; set; }
    }
}
