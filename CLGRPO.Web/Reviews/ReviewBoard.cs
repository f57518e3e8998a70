using System.Collections.Concurrent;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Reviews;

/// <summary>Figures that many people look at: counted once for all of them, and again when they are old.</summary>
public sealed class ReviewBoard(StoreFactory store, TimeProvider clock)
{
    private static readonly TimeSpan ProgressAge = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AgreementAge = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OpenAge = TimeSpan.FromSeconds(15);
    private readonly ConcurrentDictionary<long, Kept<ReviewProgress>> _progress = new();
    private readonly ConcurrentDictionary<long, Kept<AgreementReport>> _agreement = new();

    private readonly ConcurrentDictionary<string, Kept<int>> _open = new(StringComparer.Ordinal);

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <exception cref="KeyNotFoundException">There is no such batch.</exception>
    public Task<ReviewProgress> Progress(long batchId, CancellationToken stop) =>
        Of(_progress, batchId, ProgressAge, () => ReviewProgress.Of(store, batchId, Now, CancellationToken.None), stop);

    /// <exception cref="KeyNotFoundException">There is no such batch.</exception>
    public Task<AgreementReport> Agreement(long batchId, CancellationToken stop) =>
        Of(
            _agreement,
            batchId,
            AgreementAge,
            () => Task.Run(() => AgreementReport.Of(store, batchId, CancellationToken.None)),
            stop
        );

    /// <summary>How many items wait for a person, in all batches.</summary>
    public Task<int> OpenFor(string reviewer, CancellationToken stop) =>
        Of(_open, reviewer, OpenAge, () => ReviewProgress.OpenFor(store, reviewer, CancellationToken.None), stop);

    /// <summary>Shows what a large act changed at once.</summary>
    public void Forget(long batchId)
    {
        _progress.TryRemove(batchId, out _);
        _agreement.TryRemove(batchId, out _);
        _open.Clear();
    }

    private async Task<T> Of<TKey, T>(
        ConcurrentDictionary<TKey, Kept<T>> kept,
        TKey key,
        TimeSpan age,
        Func<Task<T>> count,
        CancellationToken stop
    )
        where TKey : notnull
    {
        var now = Now;
        var current = kept.AddOrUpdate(
            key,
            _ => new(now, new(count)),
            (_, old) => now - old.At < age ? old : new(now, new(count))
        );
        try
        {
            return await current.Value.Value.WaitAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            kept.TryRemove(new(key, current)); // the next one tries again
            throw;
        }
    }

    private sealed record Kept<T>(DateTime At, Lazy<Task<T>> Value);
}
