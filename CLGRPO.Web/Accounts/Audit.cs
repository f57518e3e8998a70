using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CLGRPO.Data.Store;
using CLGRPO.Web.Runs;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>What of the audit is asked for; what is null leaves nothing out.</summary>
public sealed record AuditFilter
{
    /// <summary>Name of a person, or <c>key:</c> and a client.</summary>
    /// <example>ada</example>
    [StringLength(100)]
    public string? Who { get; init; }

    /// <summary>How the action begins.</summary>
    /// <example>run.</example>
    [StringLength(100)]
    public string? What { get; init; }

    /// <summary>Part of the object or of the detail, in small or capital letters.</summary>
    [StringLength(200)]
    public string? Text { get; init; }

    /// <summary>Nothing older than this.</summary>
    public DateTimeOffset? Since { get; init; }

    internal IQueryable<AuditEntry> Of(IQueryable<AuditEntry> entries)
    {
        if (Who is { Length: > 0 } who)
            entries = entries.Where(entry => entry.Actor == who);
        if (What is { Length: > 0 } what)
            entries = entries.Where(entry => entry.Action.StartsWith(what));
        if (Since?.UtcDateTime is { } since)
            entries = entries.Where(entry => entry.At >= since);
        if (Text?.ToLowerInvariant() is { Length: > 0 } text)
        {
            entries = entries.Where(entry =>
                entry.Subject.ToLower().Contains(text) || (entry.After != null && entry.After.ToLower().Contains(text))
            );
        }
        return entries;
    }
}

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

    /// <summary>A page of the entries that pass the filter, newest first.</summary>
    public async Task<Page<AuditEntry>> Find(AuditFilter filter, int offset, int limit, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var passing = filter.Of(context.Audit.AsNoTracking());
        var page = await passing.OrderByDescending(entry => entry.Id).Skip(offset).Take(limit).ToListAsync(stop);
        return new Page<AuditEntry>(page, await passing.CountAsync(stop), offset);
    }

    /// <summary>Every entry that passes the filter, newest first, read as it is asked for.</summary>
    public async IAsyncEnumerable<AuditEntry> All(AuditFilter filter, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var passing = filter.Of(context.Audit.AsNoTracking()).OrderByDescending(entry => entry.Id);
        await foreach (var entry in passing.AsAsyncEnumerable().WithCancellation(stop))
            yield return entry;
    }

    /// <summary>Who ever did something, and the kinds of things done (<c>run.</c>, <c>dataset.</c> …), in order.</summary>
    public async Task<(IReadOnlyList<string> Who, IReadOnlyList<string> What)> Choices(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var who = await context.Audit.Select(entry => entry.Actor).Distinct().ToListAsync(stop);
        var actions = await context.Audit.Select(entry => entry.Action).Distinct().ToListAsync(stop);
        var what = actions.Select(action => action[..(action.IndexOf('.', StringComparison.Ordinal) + 1)]);
        return (
            [.. who.Order(StringComparer.Ordinal)],
            [.. what.Where(kind => kind.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
        );
    }
}
