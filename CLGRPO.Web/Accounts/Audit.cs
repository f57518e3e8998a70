using System.Text.Json;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>Writes who did what to the store's audit, which the database lets nobody change.</summary>
public sealed class Audit(StoreFactory store, TimeProvider clock)
{
    /// <param name="actor">The user's name.</param>
    /// <param name="detail">What it is now, without secrets; null where there is nothing to say.</param>
    public async Task Write(string actor, string action, string subject, string? detail, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        context.Audit.Add(
            new AuditEntry
            {
                At = clock.GetUtcNow().UtcDateTime,
                Actor = actor,
                Action = action,
                Subject = subject,
                After = detail is null ? null : JsonSerializer.Serialize(detail),
            }
        );
        await context.SaveChangesAsync(stop);
    }

    /// <summary>The newest entries, newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> Tail(int count, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context.Audit.AsNoTracking().OrderByDescending(entry => entry.Id).Take(count).ToListAsync(stop);
    }
}
