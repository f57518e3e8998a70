using System.Text.Json;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Network;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Teachers;

/// <summary>The teachers and the allow-list as admins keep them; every change is in the audit, no key ever is.</summary>
/// <param name="store">One context per operation.</param>
/// <param name="keys">Seals keys; called only where there is one.</param>
/// <param name="time">The system's clock by default.</param>
public sealed class TeacherRegistry(
    IDbContextFactory<StoreContext> store,
    Func<SecretBox> keys,
    TimeProvider? time = null
)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>All teachers by name.</summary>
    public async Task<List<StoredTeacher>> List(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context.Teachers.AsNoTracking().OrderBy(teacher => teacher.Name).ToListAsync(stop);
    }

    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public async Task<StoredTeacher> Get(string name, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await Find(context, name, stop);
    }

    public async Task<OriginAllowList> AllowedOrigins(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return OriginAllowList.Of(await context.AllowedOrigins.AsNoTracking().ToListAsync(stop));
    }

    /// <summary>Puts an origin on the allow-list.</summary>
    /// <param name="url">Its path plays no part.</param>
    /// <param name="lab">The host is in the lab: without this only https is allowed.</param>
    /// <exception cref="ArgumentException">It is no origin, never allowed, or http outside the lab.</exception>
    public async Task<Origin> Allow(string url, bool lab, string actor, CancellationToken stop)
    {
        var origin = TeacherEndpoint.Parse(url).Origin;
        if (origin.Scheme != "https" && !lab)
        {
            throw new ArgumentException(
                $"{origin} is not encrypted: keys and images would be readable on the way. Use https, or say that the host is in the lab (--lab)."
            );
        }
        await using var context = store.CreateDbContext();
        if (!OriginAllowList.Of(await context.AllowedOrigins.ToListAsync(stop)).Allows(origin))
        {
            context.AllowedOrigins.Add(
                new AllowedOrigin
                {
                    Scheme = origin.Scheme,
                    Host = origin.Host,
                    Port = origin.Port,
                    AddedBy = actor,
                    AddedAt = Now,
                }
            );
            Audit(context, actor, "teacher.allow", $"origin:{origin}", before: null, after: origin);
            await context.SaveChangesAsync(stop);
        }
        return origin;
    }

    /// <summary>Takes an origin off the allow-list; its teachers are not asked any more.</summary>
    /// <returns>Whether it was there.</returns>
    public async Task<bool> Disallow(string url, string actor, CancellationToken stop)
    {
        var origin = TeacherEndpoint.Parse(url).Origin;
        await using var context = store.CreateDbContext();
        var row = await context.AllowedOrigins.SingleOrDefaultAsync(
            row => row.Scheme == origin.Scheme && row.Host == origin.Host && row.Port == origin.Port,
            stop
        );
        if (row is null)
        {
            return false;
        }
        context.Remove(row);
        Audit(context, actor, "teacher.disallow", $"origin:{origin}", before: origin, after: null);
        await context.SaveChangesAsync(stop);
        return true;
    }

    /// <summary>Adds a teacher.</summary>
    /// <param name="teacher">Its <see cref="StoredTeacher.SealedKey"/> is set here.</param>
    /// <param name="key">null for none.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the name is taken.</exception>
    /// <exception cref="TeacherException">The endpoint is not on the allow-list.</exception>
    public async Task Add(StoredTeacher teacher, Secret? key, string actor, CancellationToken stop)
    {
        TeacherSettings.Check(teacher);
        await using var context = store.CreateDbContext();
        if (await context.Teachers.AnyAsync(other => other.Name == teacher.Name, stop))
        {
            throw new ArgumentException(
                $"There is a teacher '{teacher.Name}' already; choose another name or remove it first."
            );
        }
        var endpoint = await ReadEndpoint(context, teacher.Kind, teacher.Endpoint, stop);
        teacher.SealedKey = Seal(key, endpoint);
        context.Teachers.Add(teacher);
        Audit(
            context,
            actor,
            "teacher.add",
            $"teacher:{teacher.Name}",
            before: null,
            after: TeacherSettings.Describe(teacher)
        );
        await context.SaveChangesAsync(stop);
    }

    /// <summary>Changes a teacher. Where the endpoint's origin changes and no key is given, the stored key is cleared (A-SSRF-4).</summary>
    /// <param name="change">Sets anything but the key and the name.</param>
    /// <param name="key">A new key; null keeps the stored one where the origin stays.</param>
    /// <returns>Whether a stored key was cleared.</returns>
    public async Task<bool> Change(
        string name,
        Action<StoredTeacher> change,
        Secret? key,
        string actor,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var teacher = await Find(context, name, stop);
        var (before, sealedKey, origin) = (TeacherSettings.Describe(teacher), teacher.SealedKey, OriginOf(teacher));
        change(teacher);
        teacher.Name = name;
        TeacherSettings.Check(teacher);
        var endpoint = await ReadEndpoint(context, teacher.Kind, teacher.Endpoint, stop);
        var isCleared = key is null && sealedKey is not null && endpoint?.Origin != origin;
        teacher.SealedKey =
            key is not null ? Seal(key, endpoint)
            : isCleared ? null
            : sealedKey;
        Audit(context, actor, "teacher.change", $"teacher:{name}", before, TeacherSettings.Describe(teacher));
        await context.SaveChangesAsync(stop);
        return isCleared;
    }

    /// <summary>Removes a teacher with its key; what it wrote stays.</summary>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public async Task Remove(string name, string actor, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var teacher = await Find(context, name, stop);
        context.Remove(teacher);
        Audit(context, actor, "teacher.remove", $"teacher:{name}", TeacherSettings.Describe(teacher), after: null);
        await context.SaveChangesAsync(stop);
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    private static async Task<StoredTeacher> Find(StoreContext context, string name, CancellationToken stop)
    {
        if (await context.Teachers.SingleOrDefaultAsync(teacher => teacher.Name == name, stop) is { } found)
        {
            return found;
        }
        var names = await context.Teachers.Select(teacher => teacher.Name).Order().ToListAsync(stop);
        throw new ArgumentException(
            $"There is no teacher '{name}'; there {(names.Count == 0 ? "are none" : "is " + string.Join(", ", names))}."
        );
    }

    private static async Task<TeacherEndpoint?> ReadEndpoint(
        StoreContext context,
        TeacherKind kind,
        string endpoint,
        CancellationToken stop
    ) =>
        kind == TeacherKind.OpenAI
            ? OriginAllowList.Of(await context.AllowedOrigins.AsNoTracking().ToListAsync(stop)).Read(endpoint)
            : null;

    private static Origin? OriginOf(StoredTeacher teacher) =>
        teacher.Kind == TeacherKind.OpenAI ? TeacherEndpoint.Parse(teacher.Endpoint).Origin : null;

    private byte[]? Seal(Secret? key, TeacherEndpoint? endpoint) =>
        key is null ? null
        : endpoint is null ? throw new ArgumentException("Only a teacher behind an endpoint has a key.")
        : keys().Seal(key, endpoint.Origin);

    private void Audit(
        StoreContext context,
        string actor,
        string action,
        string subject,
        object? before,
        object? after
    ) =>
        context
            .Set<AuditEntry>()
            .Add(
                new AuditEntry
                {
                    At = Now,
                    Actor = actor,
                    Action = action,
                    Subject = subject,
                    Before = before is null ? null : JsonSerializer.Serialize(before),
                    After = after is null ? null : JsonSerializer.Serialize(after),
                }
            );
}
