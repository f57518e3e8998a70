using System.Text.Json;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Reviews;

/// <summary>Entries of the audit about reviews.</summary>
internal static class ReviewAudit
{
    public static void Note(
        StoreContext context,
        DateTime at,
        string actor,
        string action,
        string subject,
        object? before,
        object? after
    ) =>
        context.Audit.Add(
            new AuditEntry
            {
                At = at,
                Actor = actor,
                Action = action,
                Subject = subject,
                Before = before is null ? null : JsonSerializer.Serialize(before, StoreJson.Options),
                After = after is null ? null : JsonSerializer.Serialize(after, StoreJson.Options),
            }
        );
}
