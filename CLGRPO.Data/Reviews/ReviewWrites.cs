using System.Threading.Channels;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace CLGRPO.Data.Reviews;

/// <summary>
/// Short transactions for the acts of reviewers. SQLite has one writer, and each commit waits for the disk: acts of this process stand in
/// line, and those that came meanwhile share one commit. A savepoint keeps each of them all or nothing. For the writers of other
/// processes there is the connection's busy timeout.
/// </summary>
public sealed class ReviewWrites : IDisposable
{
    private const int MostTries = 5;

    // The first of them waits for the last.
    private const int MostTogether = 32;
    private const string Before = "before_act";

    private readonly Channel<Act> _line = Channel.CreateUnbounded<Act>(
        new UnboundedChannelOptions { SingleReader = true }
    );

    public ReviewWrites(StoreFactory store)
    {
        Store = store;
        if (store.IsPostgres)
            return;
        using (ExecutionContext.SuppressFlow()) // the writer belongs to no request
            _ = Task.Run(WriteWaiting);
    }

    public StoreFactory Store { get; }

    /// <summary>Does all of the act or nothing, and returns when it is on disk. On PostgreSQL it is done again where it met another one.</summary>
    /// <param name="act">Reads and changes through the context it is given; what it leaves unsaved is saved after it.</param>
    public async Task<T> Do<T>(Func<StoreContext, Task<T>> act, CancellationToken stop)
    {
        if (Store.IsPostgres)
            return await DoOnServer(act, stop);
        var told = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = new Act(
            async context =>
            {
                stop.ThrowIfCancellationRequested();
                var result = await act(context);
                await context.SaveChangesAsync(stop);
                return () => told.SetResult(result);
            },
            told.SetException
        );
        ObjectDisposedException.ThrowIf(!_line.Writer.TryWrite(waiting), this);
        return await told.Task;
    }

    /// <summary>Ends the line; what stands in it is still done.</summary>
    public void Dispose() => _line.Writer.TryComplete();

    private async Task WriteWaiting()
    {
        var together = new List<Act>(MostTogether);
        while (await _line.Reader.WaitToReadAsync())
        {
            together.Clear();
            while (together.Count < MostTogether && _line.Reader.TryRead(out var act))
                together.Add(act);
            await Write(together);
        }
    }

    /// <summary>Tells nobody anything before the commit: what one act was refused for may be what another one wrote.</summary>
    private async Task Write(IReadOnlyList<Act> acts)
    {
        var ends = new List<Action>(acts.Count);
        try
        {
            await using var session = Store.CreateDbContext();
            await using var transaction = await session.Database.BeginTransactionAsync();
            foreach (var act in acts)
                ends.Add(await Try(act, session, transaction));
            await transaction.CommitAsync();
        }
        catch (Exception fault)
        {
            foreach (var act in acts)
                act.Fail(fault);
            return;
        }
        foreach (var end in ends)
            end();
    }

    /// <returns>What tells the caller how it ended.</returns>
    private async Task<Action> Try(Act act, StoreContext session, IDbContextTransaction transaction)
    {
        await transaction.CreateSavepointAsync(Before);
        await using var context = Store.CreateDbContext();
        context.Database.SetDbConnection(session.Database.GetDbConnection());
        context.Database.AutoSavepointsEnabled = false; // this one is enough
        await context.Database.UseTransactionAsync(transaction.GetDbTransaction());
        try
        {
            var end = await act.Do(context);
            await transaction.ReleaseSavepointAsync(Before);
            return end;
        }
        catch (Exception fault)
        {
            await transaction.RollbackToSavepointAsync(Before);
            return () => act.Fail(fault);
        }
    }

    private async Task<T> DoOnServer<T>(Func<StoreContext, Task<T>> act, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var context = Store.CreateDbContext();
                await using var transaction = await context.Database.BeginTransactionAsync(stop);
                var result = await act(context);
                await context.SaveChangesAsync(stop);
                await transaction.CommitAsync(stop);
                return result;
            }
            catch (Exception exception) when (tries < MostTries && MetAnother(exception))
            {
                // Nothing of it was kept: the next try sees what the other one did.
            }
        }
    }

    private static bool MetAnother(Exception exception) =>
        (exception as PostgresException ?? exception.InnerException as PostgresException)?.SqlState
            is PostgresErrorCodes.DeadlockDetected
                or PostgresErrorCodes.SerializationFailure
                or PostgresErrorCodes.UniqueViolation;

    /// <param name="Do">Returns what tells the caller its result.</param>
    /// <param name="Fail">Tells the caller why there is none.</param>
    private sealed record Act(Func<StoreContext, Task<Action>> Do, Action<Exception> Fail);
}
