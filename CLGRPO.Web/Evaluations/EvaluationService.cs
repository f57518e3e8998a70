using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Evaluations;

/// <summary>
/// Asks checkpoints about the images of a split, one after the other, each in a process of its own (<c>clgrpo eval --answers</c>) that
/// gives way to training and ends with the site. What was answered is on the disk: after a kill it is gone on with.
/// </summary>
public sealed partial class EvaluationService(
    InferenceModels models,
    IOptions<TrainingOptions> training,
    IOptions<SiteOptions> site,
    ILogger<EvaluationService> log
) : BackgroundService
{
    private const string Nice = "/usr/bin/nice";
    private readonly ConcurrentDictionary<string, EvaluationFolder> _folders = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _gate = new();
    private (string Id, int Checkpoint, CancellationTokenSource Stop)? _running;

    private string Root => Path.Combine(Path.GetFullPath(site.Value.State), "evaluations");

    /// <summary>All evaluations, newest first.</summary>
    public IReadOnlyList<EvaluationSummary> All() =>
        [
            .. _folders
                .Values.OrderByDescending(folder => folder.Order.CreatedAt)
                .ThenBy(folder => folder.Id, StringComparer.Ordinal)
                .Select(Summary),
        ];

    /// <summary>An evaluation by its id, which is looked up, never made into a path; null when there is none.</summary>
    public EvaluationSummary? Find(string id) => _folders.TryGetValue(id, out var folder) ? Summary(folder) : null;

    internal EvaluationFolder? Folder(string id) => _folders.GetValueOrDefault(id);

    /// <summary>Takes an order; its turn comes after those before it.</summary>
    public EvaluationSummary Create(EvaluationOrder order)
    {
        var id = EvaluationWords.IdOf(order);
        var folder = _folders[id] = EvaluationFolder.Create(Root, id, order);
        Wake();
        return Summary(folder);
    }

    /// <summary>Tries again what failed.</summary>
    /// <exception cref="KeyNotFoundException">There is no such evaluation.</exception>
    public EvaluationSummary Retry(string id)
    {
        var folder = Require(id);
        folder.ForgetErrors();
        Wake();
        return Summary(folder);
    }

    /// <summary>Deletes an evaluation with its answers; one that is in work is stopped first.</summary>
    /// <exception cref="KeyNotFoundException">There is no such evaluation.</exception>
    public void Delete(string id)
    {
        lock (_gate)
        {
            var folder = Require(id);
            if (_running is { } running && running.Id == id)
                running.Stop.Cancel();
            _folders.TryRemove(id, out _);
            // Its process may still write into it: moved away, its files have no name that anybody reads.
            var gone = folder.Path + ".tmp-deleted";
            Directory.Move(folder.Path, gone);
            Directory.Delete(gone, recursive: true);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        FindFolders();
        while (!stoppingToken.IsCancellationRequested)
        {
            if (Next() is { } next)
                await AskAsync(next.Folder, next.Checkpoint, stoppingToken);
            else
                await _wake.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void FindFolders()
    {
        Directory.CreateDirectory(Root);
        foreach (var path in Directory.EnumerateDirectories(Root))
        {
            try
            {
                if (!path.Contains(".tmp-", StringComparison.Ordinal) && EvaluationFolder.Open(path) is { } folder)
                    _folders[folder.Id] = folder;
            }
            catch (Exception e) when (e is IOException or System.Text.Json.JsonException)
            {
                LogUnreadable(path, e);
            }
        }
    }

    private (EvaluationFolder Folder, int Checkpoint)? Next()
    {
        foreach (var folder in _folders.Values.OrderBy(folder => folder.Order.CreatedAt))
        {
            if (folder.Next() is { } checkpoint)
                return (folder, checkpoint);
        }
        return null;
    }

    private async Task AskAsync(EvaluationFolder folder, int checkpoint, CancellationToken siteStops)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(siteStops);
        lock (_gate)
        {
            if (!_folders.ContainsKey(folder.Id))
                return; // deleted just now
            _running = (folder.Id, checkpoint, stop);
        }
        try
        {
            if (await RunAsync(folder, checkpoint, stop.Token) is { } fault)
            {
                LogFailed(folder.Order.Checkpoints[checkpoint].Model, fault);
                folder.Fail(checkpoint, fault);
            }
        }
        catch (OperationCanceledException)
        {
            // The site stops, or the evaluation is deleted.
        }
        catch (DirectoryNotFoundException) when (!_folders.ContainsKey(folder.Id))
        {
            // Deleted while it was begun.
        }
        finally
        {
            lock (_gate)
                _running = null;
        }
    }

    /// <returns>What went wrong; null when the checkpoint has answered.</returns>
    private async Task<string?> RunAsync(EvaluationFolder folder, int checkpoint, CancellationToken stop)
    {
        var name = folder.Order.Checkpoints[checkpoint].Model;
        if (models.Find(name) is not { } model)
            return $"There is no model '{name}' any more.";
        using var process = new Process { StartInfo = Describe(folder, checkpoint, model.Folders[0]) };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return $"The process that asks it cannot be started: {e.Message}";
        }
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var shown = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        await shown;
        var lastWords = (await said).Trim();
        return process.ExitCode == 0 && folder.IsAnswered(checkpoint) ? null
            : lastWords.Length > 0 ? lastWords[^Math.Min(lastWords.Length, 2000)..]
            : $"Its process ended with {process.ExitCode} and without a word: killed, or out of memory.";
    }

    private ProcessStartInfo Describe(EvaluationFolder folder, int checkpoint, string model)
    {
        var order = folder.Order;
        return TrainerProcess.Describe(
            training.Value,
            folder.Path,
            "eval",
            [
                ("--model", model),
                ("--dataset", order.Dataset),
                ("--datasets", Path.GetFullPath(training.Value.DatasetsPath)),
                ("--split", order.Split),
                ("--limit", $"{order.Images}"),
                ("--temperature", $"{order.Temperature}"),
                ("--seed", $"{order.Seed}"),
                ("--answers", folder.SheetPath(checkpoint)),
                ("--device", training.Value.Device),
                ("--workers", training.Value.Workers?.ToString()),
                ("--until-input-ends", ""),
            ],
            File.Exists(Nice) ? [Nice, "-n", "10"] : []
        );
    }

    private EvaluationSummary Summary(EvaluationFolder folder)
    {
        var running = _running;
        return folder.Summary(running?.Id == folder.Id ? running.Value.Checkpoint : null);
    }

    private EvaluationFolder Require(string id) =>
        _folders.GetValueOrDefault(id) ?? throw new KeyNotFoundException($"There is no evaluation '{id}'.");

    private void Wake()
    {
        lock (_gate)
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "{Path} is no evaluation that can be read")]
    private partial void LogUnreadable(string path, Exception why);

    [LoggerMessage(LogLevel.Warning, "{Model} could not be evaluated: {Fault}")]
    private partial void LogFailed(string model, string fault);
}
