using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class ReviewWritesTests : IDisposable
{
    private readonly TestStore _store = new(Database.Sqlite);
    private readonly ReviewWrites _writes;

    public ReviewWritesTests() => _writes = new ReviewWrites(_store.Factory);

    private static CancellationToken Stop => StoreRows.Stop;

    // What waits shares a commit: the second of them finds the first one written, which nobody outside sees yet.
    [Fact]
    public async Task Do_WaitingActs_ShareACommitAndEachIsAllOrNothing()
    {
        using var stopped = new CancellationTokenSource();
        var (line, free) = await Hold();
        var first = Write("first");
        var refused = _writes.Do<int>(
            async context =>
            {
                Note(context, "refused");
                await context.SaveChangesAsync(Stop);
                throw new ReviewConflictException("no");
            },
            Stop
        );
        var second = _writes.Do(
            async context =>
            {
                await using var outside = _store.Context();
                var seen = (await context.Audit.CountAsync(Stop), await outside.Audit.CountAsync(Stop));
                Note(context, "second");
                return seen;
            },
            Stop
        );
        var left = Write("left", stopped.Token);
        await stopped.CancelAsync();
        free.SetResult();

        await line;
        await first;
        await Assert.ThrowsAsync<ReviewConflictException>(() => refused);
        Assert.Equal((1, 0), await second);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Equal(["first", "second"], await Written());
    }

    [Fact]
    public async Task Do_CommitFails_NobodyIsToldItWasStored()
    {
        var (line, free) = await Hold();
        var good = Write("good");
        // The check of a deferred reference comes with the commit.
        var dangling = _writes.Do(
            async context =>
            {
                await context.Database.ExecuteSqlRawAsync("PRAGMA defer_foreign_keys=ON", Stop);
                return await context.Database.ExecuteSqlRawAsync(
                    "INSERT INTO ReviewLeases (ItemId, Reviewer, TakenAt, ExpiresAt) VALUES (999, 'ann', '2026-01-01', '2026-01-01')",
                    Stop
                );
            },
            Stop
        );
        free.SetResult();

        await line;
        await Assert.ThrowsAnyAsync<Exception>(() => good);
        await Assert.ThrowsAnyAsync<Exception>(() => dangling);
        Assert.Empty(await Written());
        await Write("after");
        Assert.Equal(["after"], await Written());
    }

    public void Dispose()
    {
        _writes.Dispose();
        _store.Dispose();
    }

    /// <summary>An act that lasts until it is let go: what comes meanwhile waits together.</summary>
    private async Task<(Task Line, TaskCompletionSource Free)> Hold()
    {
        var began = new TaskCompletionSource();
        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var line = _writes.Do(
            async _ =>
            {
                began.SetResult();
                await free.Task;
                return 0;
            },
            Stop
        );
        await began.Task;
        return (line, free);
    }

    private Task<int> Write(string action, CancellationToken? stop = null) =>
        _writes.Do(
            context =>
            {
                Note(context, action);
                return Task.FromResult(0);
            },
            stop ?? Stop
        );

    private static void Note(StoreContext context, string action) =>
        context.Audit.Add(
            new AuditEntry
            {
                At = StoreRows.Now,
                Actor = "test",
                Action = action,
                Subject = "test",
            }
        );

    private async Task<List<string>> Written()
    {
        await using var context = _store.Context();
        return await context.Audit.OrderBy(entry => entry.Id).Select(entry => entry.Action).ToListAsync(Stop);
    }
}
