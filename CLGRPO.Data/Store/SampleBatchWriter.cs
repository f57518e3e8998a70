using CLGRPO.Data.Datasets;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace CLGRPO.Data.Store;

/// <summary>
/// Adds samples by the thousand. Each call of <see cref="Add"/> is one transaction: after it returns, its samples, problems and the import's
/// cursor are on the disk; when it throws, none of them is. Holds a connection; for one thread.
/// </summary>
/// <remarks>Batches of 1,000 to 5,000 samples are best: a commit waits for the disk, and a batch keeps other writers waiting.</remarks>
public sealed class SampleBatchWriter : IAsyncDisposable
{
    private readonly StoreContext _context;
    private readonly TimeProvider _time;
    private readonly StoredDataset _dataset;
    private readonly long? _importId;
    private readonly SampleVocabulary _vocabulary;
    private readonly ISampleRows _rows;

    private SampleBatchWriter(
        StoreContext context,
        TimeProvider time,
        StoredDataset dataset,
        long? importId,
        SampleVocabulary vocabulary
    )
    {
        (_context, _time, _dataset, _importId, _vocabulary) = (context, time, dataset, importId, vocabulary);
        _rows = context.Database.GetDbConnection() is NpgsqlConnection server
            ? new PostgresSampleRows(server, dataset.Id)
            : new SqliteSampleRows((SqliteConnection)context.Database.GetDbConnection(), dataset.Id);
    }

    /// <summary>Opens the data set for adding, and declares the vocabulary: names and values it lacks are put after those it has.</summary>
    /// <param name="importId">The import that the samples belong to; null for none.</param>
    /// <param name="vocabulary">Attributes and values of the samples to come, in their own order.</param>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public static async Task<SampleBatchWriter> Open(
        StoreFactory store,
        TimeProvider time,
        long datasetId,
        long? importId,
        IReadOnlyList<AttributeVocabulary> vocabulary,
        CancellationToken stop
    )
    {
        var context = store.CreateDbContext();
        try
        {
            context.ChangeTracker.AutoDetectChangesEnabled = false;
            await context.Database.OpenConnectionAsync(stop); // one connection for the writer's whole life
            var dataset =
                await context.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == datasetId, stop)
                ?? throw new KeyNotFoundException($"There is no data set {datasetId}.");
            var declared = await SampleVocabulary.Declare(context, datasetId, vocabulary, stop);
            return new SampleBatchWriter(context, time, dataset, importId, declared);
        }
        catch
        {
            await context.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Adds what is new and says what became of each sample. Rows that clash with what is there are counted in the import and noted among
    /// its problems; they change nothing.
    /// </summary>
    /// <param name="samples">In the order of the source.</param>
    /// <param name="problems">Rows of the source that are no samples.</param>
    /// <param name="cursor">Rows of the source that were dealt with, these included; stored with the import.</param>
    /// <returns>One result for each sample, in their order.</returns>
    /// <exception cref="ArgumentException">A sample breaks a rule of the data set; nothing was added.</exception>
    public async Task<IReadOnlyList<AddResult>> Add(
        IReadOnlyList<NewSample> samples,
        IReadOnlyList<NewProblem> problems,
        long cursor,
        CancellationToken stop
    )
    {
        foreach (var sample in samples)
            CheckRules(sample);
        await using var transaction = await _context.Database.BeginTransactionAsync(stop);
        await _rows.Begin(transaction.GetDbTransaction(), stop);
        var results = await Place(samples, stop);
        await InsertRows(samples, results, stop);
        AddRecords(samples, results);
        if (_importId is not null)
            await Report(samples, results, problems, cursor, stop);
        await _context.SaveChangesAsync(stop);
        _context.ChangeTracker.Clear();
        await transaction.CommitAsync(stop);
        return results;
    }

    public ValueTask DisposeAsync()
    {
        _rows.Dispose();
        return _context.DisposeAsync();
    }

    private void CheckRules(NewSample sample)
    {
        if (!DatasetRules.IsId(sample.Key))
            throw new ArgumentException(
                $"Key {StrictJson.Quote(sample.Key)} must be 1 to 256 letters, digits, '.', '_' or '-', beginning with a letter or digit."
            );
        if (!DatasetHash.IsHash(sample.Image))
            throw new ArgumentException(
                $"Image {StrictJson.Quote(sample.Image)} of '{sample.Key}' must be a SHA-256, 64 lower-case hex digits."
            );
        if (!_dataset.Labels.Contains(sample.Label))
            throw new ArgumentException(
                $"Label {StrictJson.Quote(sample.Label)} of '{sample.Key}' is none of {string.Join(", ", _dataset.Labels)}."
            );
        if (sample.Completion is null != sample.Teacher is null)
            throw new ArgumentException($"'{sample.Key}' has a completion or a teacher; give both or neither.");
    }

    /// <summary>Decides about each sample, and gives the new ones their ids.</summary>
    private async Task<AddResult[]> Place(IReadOnlyList<NewSample> samples, CancellationToken stop)
    {
        var folded = samples.Select(sample => SampleKeys.Fold(sample.Key)).ToArray();
        var images = samples.Select(sample => sample.Image).ToArray();
        var known = await _rows.Find(folded, images, stop);
        var byKey = known.ToDictionary(row => row.KeyFolded, StringComparer.Ordinal);
        var byImage = new Dictionary<string, KnownSample>(StringComparer.Ordinal);
        foreach (var row in known)
            byImage.TryAdd(row.Image, row);
        var results = new AddResult[samples.Count];
        var free = new Queue<long>(await _rows.ReserveIds(samples.Count, stop));
        for (var i = 0; i < results.Length; i++)
        {
            if (byKey.TryGetValue(folded[i], out var same))
                results[i] = new(
                    same.Image == images[i] ? AddOutcome.AlreadyThere : AddOutcome.SameKey,
                    same.Id,
                    same.Key
                );
            else if (byImage.TryGetValue(images[i], out same))
                results[i] = new(AddOutcome.SameImage, same.Id, same.Key);
            else
            {
                var row = new KnownSample(free.Dequeue(), samples[i].Key, folded[i], images[i]);
                byKey.Add(row.KeyFolded, row);
                byImage.Add(row.Image, row);
                results[i] = new(AddOutcome.Added, row.Id, Existing: null);
            }
        }
        return results;
    }

    private async Task InsertRows(IReadOnlyList<NewSample> samples, AddResult[] results, CancellationToken stop)
    {
        var rows = new List<SampleRow>(samples.Count);
        var values = new List<SampleValueRow>();
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Outcome != AddOutcome.Added)
                continue;
            rows.Add(new(results[i].SampleId, SampleKeys.Fold(samples[i].Key), samples[i], _importId));
            _vocabulary.AddRows(results[i].SampleId, samples[i], values);
        }
        await _rows.Insert(rows, values, stop);
    }

    private void AddRecords(IReadOnlyList<NewSample> samples, AddResult[] results)
    {
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Outcome != AddOutcome.Added || samples[i].Completion is not { } completion)
                continue;
            _context.Records.Add(
                new CotRecord
                {
                    SampleId = results[i].SampleId,
                    Teacher = samples[i].Teacher!,
                    Model = "",
                    Completion = completion,
                    State = CotState.Accepted,
                    CreatedAt = _time.GetUtcNow().UtcDateTime,
                }
            );
        }
    }

    private async Task Report(
        IReadOnlyList<NewSample> samples,
        AddResult[] results,
        IReadOnlyList<NewProblem> problems,
        long cursor,
        CancellationToken stop
    )
    {
        IEnumerable<NewProblem> clashes = samples.Zip(results, Clash).OfType<NewProblem>();
        foreach (var problem in problems.Concat(clashes))
            _context.ImportProblems.Add(
                new ImportProblem
                {
                    ImportId = _importId!.Value,
                    File = problem.File,
                    Line = problem.Line,
                    Reason = problem.Reason,
                }
            );
        var added = results.Count(result => result.Outcome == AddOutcome.Added);
        var wrong = problems.Count + results.Count(result => result.Outcome == AddOutcome.SameKey);
        var duplicates = results.Count(result => result.Outcome is AddOutcome.AlreadyThere or AddOutcome.SameImage);
        await _context
            .Imports.Where(import => import.Id == _importId)
            .ExecuteUpdateAsync(
                import =>
                    import
                        .SetProperty(i => i.Cursor, cursor)
                        .SetProperty(i => i.Imported, i => i.Imported + added)
                        .SetProperty(i => i.Duplicates, i => i.Duplicates + duplicates)
                        .SetProperty(i => i.Problems, i => i.Problems + wrong),
                stop
            );
    }

    private static NewProblem? Clash(NewSample sample, AddResult result) =>
        result.Outcome switch
        {
            AddOutcome.SameKey => new(
                sample.File,
                sample.Line,
                $"the id '{sample.Key}' is already used by '{result.Existing}', for another picture; give it an id of its own"
            ),
            AddOutcome.SameImage => new(
                sample.File,
                sample.Line,
                $"the picture of '{sample.Key}' is already there as '{result.Existing}'; this row was left out"
            ),
            _ => null,
        };
}
