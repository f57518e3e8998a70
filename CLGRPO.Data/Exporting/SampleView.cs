using System.Runtime.CompilerServices;
using System.Text.Json;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace CLGRPO.Data.Exporting;

/// <summary>
/// The samples that a filter lets pass, as they are at this moment, to be exported: one chain of thought each, the one that freezing would
/// take first, whatever people said about it; the row tells what they said. Test samples have none, as in versions. Holds a snapshot of
/// the store until it is disposed.
/// </summary>
public sealed class SampleView : IAsyncDisposable
{
    private const int RowsAtOnce = 1_000;
    private const string FileName = "samples";
    private const string Method =
        "A view of the store, not a frozen version: it changes with the store. One chain of thought per sample at most, "
        + "the one that freezing would take first; 'review' says what people said about it. Test has none.";

    private readonly StoreContext _context;
    private readonly IDbContextTransaction _snapshot;
    private IReadOnlyList<Row> _rows = [];

    private SampleView(StoreContext context, IDbContextTransaction snapshot) =>
        (_context, _snapshot) = (context, snapshot);

    /// <summary>What can be exported, once.</summary>
    public ExportSource Source { get; private set; } = null!;

    /// <summary>Samples in the view.</summary>
    public int Count => _rows.Count;

    /// <param name="root">The data sets root, with the pictures.</param>
    /// <param name="words">How the filter is written: for the description.</param>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public static async Task<SampleView> Open(
        StoreFactory store,
        string root,
        long datasetId,
        SampleFilter filter,
        SampleOrder order,
        string words,
        CancellationToken stop
    )
    {
        var context = store.CreateDbContext();
        SampleView? view = null;
        try
        {
            view = new SampleView(context, await context.BeginSnapshot(stop));
            await view.Read(root, datasetId, filter, order, words, stop);
            return view;
        }
        catch
        {
            await (view?.DisposeAsync() ?? context.DisposeAsync());
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _snapshot.DisposeAsync();
        await _context.DisposeAsync();
    }

    private async Task Read(
        string root,
        long datasetId,
        SampleFilter filter,
        SampleOrder order,
        string words,
        CancellationToken stop
    )
    {
        var info = await DatasetDescription.Of(_context, datasetId, Method, [new("view", words)], stop);
        var samples = await SampleSearch.View(_context, datasetId, filter, order, stop);
        var rows = await samples
            .Select(sample => new
            {
                sample.Id,
                sample.Key,
                sample.Image,
                sample.Label,
                sample.Split,
                sample.Group,
            })
            .ToListAsync(stop);
        var anyReview = new RecordSelection { Reviews = Enum.GetValues<ReviewState>() };
        var taken = await new RecordChoice(_context, datasetId, anyReview).Take(stop);
        _rows =
        [
            .. rows.Select(row =>
            {
                var has = taken.TryGetValue(row.Id, out var record);
                var shows = has && row.Split != Split.Test; // what is tested on shows no solution
                return new Row(
                    new(
                        row.Id,
                        row.Key,
                        row.Image,
                        row.Label,
                        shows ? record.RecordId : null,
                        shows ? record.ReviewId : null
                    ),
                    row.Split,
                    row.Group,
                    has ? JsonNamingPolicy.SnakeCaseLower.ConvertName(record.Review.ToString()) : null
                );
            }),
        ];
        var content = await ChosenSamples.Of(_context, datasetId, stop);
        Source = new ExportSource(
            info with
            {
                Counts = new(Of(Split.Train), Of(Split.Validation), Of(Split.Test)),
            },
            [new ExportPart(FileName, Rows(content, stop))],
            [.. _rows.Select(row => row.Choice.Image).Distinct(StringComparer.Ordinal)],
            Path.Combine(root, DatasetVersion.BlobsFolder),
            IsView: true
        );
    }

    private int Of(Split split) => _rows.Count(row => row.Split == split);

    private async IAsyncEnumerable<ExportRow> Rows(
        ChosenSamples content,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        foreach (var some in _rows.Chunk(RowsAtOnce))
        {
            var samples = await content.Read(Array.ConvertAll(some, row => row.Choice), stop);
            foreach (var (row, sample) in some.Zip(samples))
                yield return new ExportRow(sample, row.Split, row.Group, row.Review);
        }
    }

    private sealed record Row(SampleChoice Choice, Split? Split, string? Group, string? Review);
}
