using System.Threading.Channels;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// Writes what replies bring. Many questions end at once, and a transaction waits for the disk: what has gathered goes into
/// one. A caller goes on when its rows are on the disk, so what it goes on from is never lost.
/// </summary>
internal sealed class ConstructionWriter : ITeacherCallLog, IAsyncDisposable
{
    private const int MaxBatch = 512;

    private readonly IDbContextFactory<StoreContext> _store;
    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(4 * MaxBatch);
    private readonly Task _loop;

    public ConstructionWriter(IDbContextFactory<StoreContext> store)
    {
        _store = store;
        _loop = Task.Run(WriteAll);
    }

    /// <summary>Adds rows in one transaction, and returns when they are safe.</summary>
    public Task Write(params IReadOnlyList<object> rows) => Enter(context => context.AddRange(rows));

    /// <summary>Writes verdicts in one transaction, and returns when they are safe.</summary>
    public Task Decide(IReadOnlyList<CotVerdict> verdicts) =>
        Enter(context =>
        {
            foreach (var verdict in verdicts)
                verdict.Apply(context);
        });

    private async Task Enter(Action<StoreContext> change)
    {
        var entry = new Entry(change, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _entries.Writer.WriteAsync(entry);
        await entry.Written.Task;
    }

    /// <summary>
    /// An answered request is written with what came of it, in one transaction: after a kill, either both are there or the
    /// question is asked again.
    /// </summary>
    public Task Record(TeacherCall call) =>
        call.Outcome is TeacherOutcome.Answered or TeacherOutcome.Truncated ? Task.CompletedTask : Write(call);

    public async ValueTask DisposeAsync()
    {
        _entries.Writer.Complete();
        await _loop;
    }

    private async Task WriteAll()
    {
        var batch = new List<Entry>();
        while (await _entries.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _entries.Reader.TryRead(out var entry))
                batch.Add(entry);
            await Write(batch);
            batch.Clear();
        }
    }

    /// <summary>A failure belongs to those who wait for the rows; the loop serves the next ones.</summary>
    private async Task Write(List<Entry> batch)
    {
        try
        {
            await using var context = _store.CreateDbContext();
            batch.ForEach(entry => entry.Change(context));
            await context.SaveChangesAsync();
        }
        catch (Exception failure)
        {
            batch.ForEach(entry => entry.Written.SetException(failure));
            return;
        }
        batch.ForEach(entry => entry.Written.SetResult());
    }

    private sealed record Entry(Action<StoreContext> Change, TaskCompletionSource Written);
}
