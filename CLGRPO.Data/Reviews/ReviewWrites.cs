using CLGRPO.Data.Store;
using Npgsql;

namespace CLGRPO.Data.Reviews;

/// <summary>
/// Short transactions, one for each act of a reviewer. SQLite has one writer: acts of this process wait in line for it, instead of asking
/// for its lock again and again; for those of other processes there is the connection's busy timeout.
/// </summary>
public sealed class ReviewWrites(StoreFactory store) : IDisposable
{
    private const int MostTries = 5;
    private readonly SemaphoreSlim _line = new(1);

    public StoreFactory Store => store;

    /// <summary>Does all of the act or nothing. On PostgreSQL it is done again where it met another one.</summary>
    public async Task<T> Do<T>(Func<StoreContext, Task<T>> act, CancellationToken stop)
    {
        if (store.IsPostgres)
            return await DoOnServer(act, stop);
        await _line.WaitAsync(stop);
        try
        {
            return await DoOnce(act, stop);
        }
        finally
        {
            _line.Release();
        }
    }

    public void Dispose() => _line.Dispose();

    private async Task<T> DoOnServer<T>(Func<StoreContext, Task<T>> act, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await DoOnce(act, stop);
            }
            catch (Exception exception) when (tries < MostTries && MetAnother(exception))
            {
                // Nothing of it was kept: the next try sees what the other one did.
            }
        }
    }

    private async Task<T> DoOnce<T>(Func<StoreContext, Task<T>> act, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        var result = await act(context);
        await context.SaveChangesAsync(stop);
        await transaction.CommitAsync(stop);
        return result;
    }

    private static bool MetAnother(Exception exception) =>
        (exception as PostgresException ?? exception.InnerException as PostgresException)?.SqlState
            is PostgresErrorCodes.DeadlockDetected
                or PostgresErrorCodes.SerializationFailure
                or PostgresErrorCodes.UniqueViolation;
}
