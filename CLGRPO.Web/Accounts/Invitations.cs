using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>Makes invitations and turns them into accounts; there is no other way to an account.</summary>
public sealed class Invitations(
    IDbContextFactory<AccountContext> accounts,
    IServiceScopeFactory scopes,
    Audit audit,
    TimeProvider clock
)
{
    public const int MaxDays = 30;
    private static readonly TimeSpan FirstAdminLifetime = TimeSpan.FromHours(2);

    public async Task<IReadOnlyList<Invitation>> List(int count, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        return await context
            .Invitations.AsNoTracking()
            .Where(invitation => invitation.WithdrawnAt == null)
            .OrderByDescending(invitation => invitation.Id)
            .Take(count)
            .ToListAsync(stop);
    }

    /// <summary>Makes an invitation.</summary>
    /// <returns>The path of the link, with the token that is kept nowhere.</returns>
    public async Task<string> Create(string role, int days, string actor, CancellationToken stop)
    {
        Roles.Checked(role);
        if (days is < 1 or > MaxDays)
            throw new AccountException($"An invitation is open for 1 to {MaxDays} days, not {days}.");
        var (path, made) = await Add(role, TimeSpan.FromDays(days), actor, stop);
        await audit.Write(actor, "invitation.create", $"invitation:{made.Id}", $"{role}, {days} days", stop);
        return path;
    }

    /// <summary>The path of a link that makes the first admin; null where there is an account already. Links of earlier starts end.</summary>
    public async Task<string?> CreateForFirstAdmin(CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        if (await context.Users.AnyAsync(stop))
            return null;
        var now = clock.GetUtcNow().UtcDateTime;
        foreach (var earlier in await context.Invitations.Where(i => i.WithdrawnAt == null).ToListAsync(stop))
            earlier.WithdrawnAt = now;
        await context.SaveChangesAsync(stop);
        return (await Add(Roles.Admin, FirstAdminLifetime, createdBy: null, stop)).Path;
    }

    /// <summary>The open invitation of this token; null where it is unknown, used, withdrawn or over.</summary>
    public async Task<Invitation?> Find(string token, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var hash = Secrets.Hash(token);
        var found = await context.Invitations.AsNoTracking().SingleOrDefaultAsync(i => i.TokenHash == hash, stop);
        return found is not null && found.IsOpen(clock.GetUtcNow().UtcDateTime) ? found : null;
    }

    /// <summary>Makes the account. An invitation serves once.</summary>
    /// <returns>The new user.</returns>
    /// <exception cref="AccountException">The invitation is no longer open, or name or password will not do; the message says why.</exception>
    public async Task<User> Accept(string token, string name, string password, CancellationToken stop)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<AccountContext>();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var now = clock.GetUtcNow().UtcDateTime;
        var hash = Secrets.Hash(token);
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        // Claims it first: of two who come at once, one waits and finds it used. What fails below gives it back.
        var claimed = await context
            .Invitations.Where(i =>
                i.TokenHash == hash && i.UsedAt == null && i.WithdrawnAt == null && i.ExpiresAt > now
            )
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.UsedAt, now).SetProperty(i => i.UsedBy, name), stop);
        if (claimed == 0)
            throw new AccountException("This link is not valid any more. Ask an admin for a new one.");
        var invitation = await context.Invitations.AsNoTracking().SingleAsync(i => i.TokenHash == hash, stop);
        var user = new User { UserName = name, CreatedAt = now };
        Require(await users.CreateAsync(user, password));
        Require(await users.AddToRoleAsync(user, invitation.Role));
        await transaction.CommitAsync(stop);
        await audit.Write(name, "account.create", $"user:{name}", invitation.Role, stop);
        return user;
    }

    public async Task Withdraw(long id, string actor, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var invitation =
            await context.Invitations.SingleOrDefaultAsync(
                i => i.Id == id && i.UsedAt == null && i.WithdrawnAt == null,
                stop
            ) ?? throw new AccountException("The invitation is used or withdrawn already.");
        invitation.WithdrawnAt = clock.GetUtcNow().UtcDateTime;
        await context.SaveChangesAsync(stop);
        await audit.Write(actor, "invitation.withdraw", $"invitation:{id}", invitation.Role, stop);
    }

    private async Task<(string Path, Invitation Invitation)> Add(
        string role,
        TimeSpan lifetime,
        string? createdBy,
        CancellationToken stop
    )
    {
        var token = Secrets.Create();
        var now = clock.GetUtcNow().UtcDateTime;
        await using var context = accounts.CreateDbContext();
        var made = new Invitation
        {
            TokenHash = Secrets.Hash(token),
            Role = role,
            CreatedBy = createdBy,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        };
        context.Add(made);
        await context.SaveChangesAsync(stop);
        return ($"/join/{token}", made);
    }

    private static void Require(IdentityResult result)
    {
        if (!result.Succeeded)
            throw new AccountException(string.Join(" ", result.Errors.Select(error => error.Description)));
    }
}
