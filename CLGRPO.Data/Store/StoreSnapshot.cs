using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;

namespace CLGRPO.Data.Store;

/// <summary>Reading what belongs together.</summary>
public static class StoreSnapshot
{
    internal const IsolationLevel Level = IsolationLevel.RepeatableRead;

    /// <summary>A transaction for reading alone: every query in it sees the store as it was at the first, and no writer waits for it.</summary>
    public static Task<IDbContextTransaction> BeginSnapshot(this StoreContext context, CancellationToken stop) =>
        context.Database.BeginTransactionAsync(Level, stop);
}

/// <summary>On SQLite a transaction takes the one writer's lock as it begins; a snapshot must not.</summary>
internal sealed class SqliteSnapshots : DbTransactionInterceptor
{
    public override InterceptionResult<DbTransaction> TransactionStarting(
        DbConnection connection,
        TransactionStartingEventData eventData,
        InterceptionResult<DbTransaction> result
    ) =>
        eventData.IsolationLevel == StoreSnapshot.Level
            ? InterceptionResult<DbTransaction>.SuppressWithResult(
                ((SqliteConnection)connection).BeginTransaction(IsolationLevel.Serializable, deferred: true)
            )
            : result;

    public override ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection,
        TransactionStartingEventData eventData,
        InterceptionResult<DbTransaction> result,
        CancellationToken cancellationToken = default
    ) => ValueTask.FromResult(TransactionStarting(connection, eventData, result));
}
