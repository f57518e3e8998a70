using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>A key that was just made; its text is shown once and kept nowhere.</summary>
public sealed record NewApiKey(ApiKey Key, string Text);

/// <summary>Makes, finds and revokes API keys.</summary>
public sealed partial class ApiKeys(IDbContextFactory<AccountContext> accounts, Audit audit, TimeProvider clock)
{
    public const int MaxLength = 200;
    public const int MaxDays = 365;
    private const string Mark = "clg_";
    private const int PrefixLength = 12;
    private const int LivePerClient = 2;

    // Id → last use. No request waits for the disk to write down that it came.
    private readonly ConcurrentDictionary<long, DateTime> _used = new();

    public async Task<IReadOnlyList<ApiKey>> List(CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var keys = await context
            .ApiKeys.AsNoTracking()
            .Where(key => key.RevokedAt == null)
            .OrderBy(key => key.Client)
            .ThenByDescending(key => key.Id)
            .ToListAsync(stop);
        foreach (var key in keys)
        {
            if (_used.TryGetValue(key.Id, out var at))
                key.UsedAt = at;
        }
        return keys;
    }

    /// <summary>Makes a key.</summary>
    /// <exception cref="AccountException">A value is not possible, or the client has two live keys already.</exception>
    public async Task<NewApiKey> Create(
        string client,
        IReadOnlyCollection<string> scopes,
        int days,
        string actor,
        CancellationToken stop
    )
    {
        Check(client, scopes, days);
        await using var context = accounts.CreateDbContext();
        var now = clock.GetUtcNow().UtcDateTime;
        var live = await context.ApiKeys.CountAsync(
            key => key.Client == client && key.RevokedAt == null && key.ExpiresAt > now,
            stop
        );
        if (live >= LivePerClient)
            throw new AccountException($"'{client}' has {live} live keys already. Revoke one of them first.");
        var text = Mark + Secrets.Create();
        var made = new ApiKey
        {
            Client = client,
            Prefix = text[..PrefixLength],
            Hash = Secrets.Hash(text),
            Scopes = string.Join(' ', scopes.Order(StringComparer.Ordinal)),
            CreatedBy = actor,
            CreatedAt = now,
            ExpiresAt = now.AddDays(days),
        };
        context.Add(made);
        await context.SaveChangesAsync(stop);
        await audit.Write(actor, "key.create", $"key:{made.Id}", $"{client}: {made.Scopes}, {days} days", stop);
        return new NewApiKey(made, text);
    }

    /// <summary>Ends a key at once.</summary>
    public async Task Revoke(long id, string actor, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var key =
            await context.ApiKeys.SingleOrDefaultAsync(key => key.Id == id && key.RevokedAt == null, stop)
            ?? throw new AccountException("The key is gone already.");
        key.RevokedAt = clock.GetUtcNow().UtcDateTime;
        await context.SaveChangesAsync(stop);
        await audit.Write(actor, "key.revoke", $"key:{id}", key.Client, stop);
    }

    /// <summary>The live key of this text; null where there is none.</summary>
    public async Task<ApiKey?> Find(string text, CancellationToken stop)
    {
        if (!text.StartsWith(Mark, StringComparison.Ordinal) || text.Length < PrefixLength)
            return null;
        var prefix = text[..PrefixLength];
        var now = clock.GetUtcNow().UtcDateTime;
        await using var context = accounts.CreateDbContext();
        var candidates = await context.ApiKeys.AsNoTracking().Where(key => key.Prefix == prefix).ToListAsync(stop);
        var key = candidates.SingleOrDefault(key => Secrets.Matches(text, key.Hash) && key.IsLive(now));
        if (key is not null)
            _used[key.Id] = now;
        return key;
    }

    /// <summary>Writes down when keys were last used, all at once.</summary>
    public async Task WriteUses(CancellationToken stop)
    {
        var used = _used.ToArray();
        if (used.Length == 0)
            return;
        var ids = used.Select(one => one.Key).ToList();
        await using var context = accounts.CreateDbContext();
        foreach (var key in await context.ApiKeys.Where(key => ids.Contains(key.Id)).ToListAsync(stop))
            key.UsedAt = used.First(one => one.Key == key.Id).Value;
        await context.SaveChangesAsync(stop);
        foreach (var one in used)
            _used.TryRemove(one); // unless it was used again meanwhile
    }

    /// <summary>Whether a key may still be used.</summary>
    public async Task<bool> IsLive(long id, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var key = await context.ApiKeys.AsNoTracking().SingleOrDefaultAsync(key => key.Id == id, stop);
        return key?.IsLive(clock.GetUtcNow().UtcDateTime) == true;
    }

    private static void Check(string client, IReadOnlyCollection<string> scopes, int days)
    {
        if (!ClientName().IsMatch(client))
            throw new AccountException(
                "The client's name is 1 to 60 letters, digits, dots, dashes and underscores, such as ci-nightly."
            );
        if (scopes.Count == 0)
            throw new AccountException("Choose at least one scope.");
        if (scopes.FirstOrDefault(scope => !Scopes.RolesOf.ContainsKey(scope)) is { } unknown)
            throw new AccountException($"There is no scope '{unknown}'.");
        if (days is < 1 or > MaxDays)
            throw new AccountException($"A key lives 1 to {MaxDays} days, not {days}.");
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,60}$", RegexOptions.NonBacktracking)]
    private static partial Regex ClientName();
}
