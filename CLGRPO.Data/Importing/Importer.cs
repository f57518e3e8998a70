using System.Runtime.CompilerServices;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Importing;

/// <summary>
/// Brings labelled pictures into the store: rows are read in order, their pictures taken and looked at on all processors, and
/// written batch by batch, each with the place reached, so that an import that was stopped goes on where it was. A row that
/// cannot be taken is reported with file, line and reason; none is replaced or dropped in silence.
/// </summary>
/// <param name="store">Where samples go.</param>
/// <param name="root">The data sets root, where pictures go.</param>
/// <param name="time">The clock.</param>
public sealed class Importer(StoreFactory store, string root, TimeProvider? time = null)
{
    private const int BatchRows = 2000;
    private const string DefaultQuestion = "Which of these is shown: {labels}?";

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Imports, or goes on with an import of the same source into the same data set that was not finished.</summary>
    /// <returns>The import as the store has it: rows imported, duplicates, problems.</returns>
    /// <exception cref="ImportException">The source as a whole cannot be read, or does not fit the data set.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; what was committed stays, and the same request goes on.</exception>
    public async Task<StoredImport> Run(
        ImportRequest request,
        IProgress<ImportProgress>? progress,
        CancellationToken stop
    )
    {
        using var source = Source.Open(request.Source, request.Format);
        var description = await SourceSurvey.Of(source, stop);
        var dataset = await FindOrCreate(request, description, stop);
        var import = await BeginOrResume(request, source, dataset, description, stop);
        try
        {
            await Fill(request, source, description, dataset, import, progress, stop);
            return await End(import.Id, JobState.Completed, failure: null);
        }
        catch (OperationCanceledException)
        {
            await End(import.Id, JobState.Paused, failure: null);
            throw;
        }
        catch (Exception failure)
        {
            await End(import.Id, JobState.Failed, failure.Message);
            throw;
        }
    }

    private async Task Fill(
        ImportRequest request,
        Source source,
        SourceDescription description,
        StoredDataset dataset,
        StoredImport import,
        IProgress<ImportProgress>? progress,
        CancellationToken stop
    )
    {
        var intake = new PictureIntake(root, ImageLimits.Default);
        var rules = new RowRules(description, request.WithoutTexts);
        var speed = new Speed(_time, import.Cursor, description.Rows!.Value);
        await using var writer = await SampleBatchWriter.Open(
            store,
            _time,
            dataset.Id,
            import.Id,
            description.Attributes,
            stop
        );
        var cursor = import.Cursor;
        Task writing = Task.CompletedTask;
        await foreach (var entries in Batches(source, import.Cursor, stop))
        {
            // Pictures of this batch are taken while the one before is being written.
            var (samples, problems) = Take(source.Files, entries, intake, rules, stop);
            await writing;
            cursor += entries.Count;
            writing = Write(writer, intake, samples, problems, cursor, stop);
            progress?.Report(speed.At(cursor));
        }
        await writing;
    }

    private static async Task Write(
        SampleBatchWriter writer,
        PictureIntake intake,
        IReadOnlyList<NewSample> samples,
        IReadOnlyList<NewProblem> problems,
        long cursor,
        CancellationToken stop
    )
    {
        await Task.Run(intake.Flush, stop); // a row that is committed has its picture on the disk
        await writer.Add(samples, problems, cursor, stop);
    }

    private static (IReadOnlyList<NewSample>, IReadOnlyList<NewProblem>) Take(
        ISourceFiles files,
        IReadOnlyList<SourceEntry> entries,
        PictureIntake intake,
        RowRules rules,
        CancellationToken stop
    )
    {
        var taken = new object[entries.Count];
        var options = new ParallelOptions { CancellationToken = stop };
        Parallel.For(0, entries.Count, options, i => taken[i] = Take(files, entries[i], intake, rules));
        return ([.. taken.OfType<NewSample>()], [.. taken.OfType<NewProblem>()]);
    }

    /// <summary>A sample, or the problem with the row.</summary>
    private static object Take(ISourceFiles files, SourceEntry entry, PictureIntake intake, RowRules rules)
    {
        NewProblem Problem(string reason) => new(entry.File, entry.Line, reason);
        if (entry.Row is not { } given)
            return Problem(entry.Problem!);
        var row = rules.Wanted(given);
        if (rules.Problem(row) is { } problem)
            return Problem(problem);
        try
        {
            var picture = intake.Take(files, row.Image);
            return new NewSample(
                RowRules.KeyOf(row),
                picture.Hash,
                picture.Width,
                picture.Height,
                row.Label,
                row.Attributes
            )
            {
                Split = row.Split,
                Group = row.Group,
                Completion = row.Completion,
                Teacher = row.Teacher,
                File = entry.File,
                Line = entry.Line,
            };
        }
        catch (Exception e) when (e is ImportException or ImageException)
        {
            return Problem(e.Message);
        }
    }

    private static async IAsyncEnumerable<IReadOnlyList<SourceEntry>> Batches(
        Source source,
        long skip,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        var batch = new List<SourceEntry>(BatchRows);
        await foreach (var entry in source.Format.Rows(source.Files, stop))
        {
            if (skip-- > 0)
                continue;
            batch.Add(entry);
            if (batch.Count < BatchRows)
                continue;
            yield return batch;
            batch = new List<SourceEntry>(BatchRows);
        }
        if (batch.Count > 0)
            yield return batch;
    }

    private async Task<StoredDataset> FindOrCreate(
        ImportRequest request,
        SourceDescription description,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var known = await context.Datasets.SingleOrDefaultAsync(dataset => dataset.Name == request.Dataset, stop);
        if (known is not null)
        {
            var strange = description.Labels!.Except(known.Labels, StringComparer.Ordinal).ToList();
            return strange.Count == 0
                ? known
                : throw new ImportException(
                    $"Data set '{known.Name}' has the labels {string.Join(", ", known.Labels)}; the source also has {string.Join(", ", strange.Take(20))}. Import it under a name of its own."
                );
        }
        var dataset = new StoredDataset
        {
            Name = request.Dataset,
            Question = request.Question ?? description.Question ?? Plain(description.Labels!),
            Labels = [.. description.Labels!],
            Licence = request.Licence ?? description.Licence ?? "not stated",
            Source = request.SourceName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(request.Source)),
            CreatedAt = _time.GetUtcNow().UtcDateTime,
        };
        Require(dataset);
        context.Add(dataset);
        await context.SaveChangesAsync(stop);
        return dataset;
    }

    private static string Plain(IReadOnlyList<string> labels) =>
        DefaultQuestion.Replace("{labels}", string.Join(", ", labels), StringComparison.Ordinal);

    /// <summary>What holds of a frozen version must hold from the start.</summary>
    private static void Require(StoredDataset dataset)
    {
        var reasons = Datasets
            .DatasetRules.Check(
                new Datasets.DatasetInfo
                {
                    Name = dataset.Name,
                    Question = dataset.Question,
                    Labels = dataset.Labels,
                    Licence = dataset.Licence,
                    Provenance = new(dataset.Source, "", []),
                }
            )
            .ToList();
        if (reasons.Count > 0)
            throw new ImportException($"Data set '{dataset.Name}' cannot be made: {string.Join("; ", reasons)}.");
    }

    private async Task<StoredImport> BeginOrResume(
        ImportRequest request,
        Source source,
        StoredDataset dataset,
        SourceDescription description,
        CancellationToken stop
    )
    {
        var path = Path.GetFullPath(request.Source);
        await using var context = store.CreateDbContext();
        var import = await context
            .Imports.Where(import => import.DatasetId == dataset.Id && import.Source == path)
            .Where(import => import.Format == source.Format.Name && import.State != JobState.Completed)
            .OrderByDescending(import => import.Id)
            .FirstOrDefaultAsync(stop);
        if (import is null)
        {
            import = new StoredImport
            {
                DatasetId = dataset.Id,
                Source = path,
                Format = source.Format.Name,
                CreatedBy = request.By,
                CreatedAt = _time.GetUtcNow().UtcDateTime,
            };
            context.Add(import);
        }
        (import.State, import.TotalRows, import.Failure) = (JobState.Running, description.Rows, null);
        await context.SaveChangesAsync(stop);
        return import;
    }

    private async Task<StoredImport> End(long importId, JobState state, string? failure)
    {
        await using var context = store.CreateDbContext();
        var import = await context.Imports.SingleAsync(import => import.Id == importId);
        (import.State, import.Failure) = (state, failure);
        import.FinishedAt = state == JobState.Completed ? _time.GetUtcNow().UtcDateTime : null;
        await context.SaveChangesAsync();
        return import;
    }

    /// <summary>Tells speed and remaining time from where this run began.</summary>
    private sealed class Speed(TimeProvider time, long start, long total)
    {
        private readonly long _began = time.GetTimestamp();

        public ImportProgress At(long rows)
        {
            var seconds = time.GetElapsedTime(_began).TotalSeconds;
            var perSecond = seconds > 0 ? (rows - start) / seconds : 0;
            return new ImportProgress(
                rows,
                total,
                perSecond,
                perSecond > 0 ? TimeSpan.FromSeconds((total - rows) / perSecond) : null
            );
        }
    }
}
