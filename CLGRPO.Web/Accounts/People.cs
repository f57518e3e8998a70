using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>A person as the admin's page shows them.</summary>
public sealed record Person(string Id, string Name, string Role, bool Blocked, DateTime? SignedInAt);

/// <summary>The people of the lab, and what admins do about them.</summary>
public sealed class People(IServiceScopeFactory scopes, IDbContextFactory<AccountContext> accounts, Audit audit)
{
    public async Task<IReadOnlyList<Person>> List(CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        return await (
            from user in context.Users.AsNoTracking()
            join membership in context.UserRoles on user.Id equals membership.UserId
            join role in context.Roles on membership.RoleId equals role.Id
            orderby user.NormalizedUserName
            select new Person(user.Id, user.UserName!, role.Name!, user.Blocked, user.SignedInAt)
        ).ToListAsync(stop);
    }

    /// <summary>
    /// The name of the admin who acts. What a page was drawn for proves nothing: the role is read now.
    /// </summary>
    /// <exception cref="AccountException">They are no admin (any more).</exception>
    public async Task<string> RequireAdmin(ClaimsPrincipal actor, CancellationToken stop)
    {
        var id = actor.FindFirstValue(ClaimTypes.NameIdentifier);
        var person = (await List(stop)).SingleOrDefault(person => person.Id == id);
        return person is { Blocked: false, Role: Roles.Admin }
            ? person.Name
            : throw new AccountException("Your account may not do this.");
    }

    /// <summary>The name of the person who acts, whose role may do what a scope names. The role is read now.</summary>
    /// <exception cref="AccountException">It may not (any more).</exception>
    public async Task<string> Require(ClaimsPrincipal actor, string scope, CancellationToken stop)
    {
        var id = actor.FindFirstValue(ClaimTypes.NameIdentifier);
        await using var context = accounts.CreateDbContext();
        var person = await (
            from user in context.Users.AsNoTracking()
            join membership in context.UserRoles on user.Id equals membership.UserId
            join role in context.Roles on membership.RoleId equals role.Id
            where user.Id == id && !user.Blocked
            select new { user.UserName, Role = role.Name }
        ).SingleOrDefaultAsync(stop);
        return person is not null && Scopes.RolesOf[scope].Contains(person.Role, StringComparer.Ordinal)
            ? person.UserName!
            : throw new AccountException("Your account may not do this.");
    }

    /// <exception cref="AccountException">It would leave the lab without an admin, or there is no such role or person.</exception>
    public async Task ChangeRole(string id, string role, string actor, CancellationToken stop)
    {
        Roles.Checked(role);
        if (role != Roles.Admin)
            await RequireAnotherAdmin(id, stop);
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = await Find(users, id);
        Require(await users.RemoveFromRolesAsync(user, await users.GetRolesAsync(user)));
        Require(await users.AddToRoleAsync(user, role));
        Require(await users.UpdateSecurityStampAsync(user));
        await audit.Write(actor, "user.role", $"user:{user.UserName}", role, stop);
    }

    /// <summary>Takes the access away, or gives it back. Open pages of the person end.</summary>
    /// <exception cref="AccountException">It would leave the lab without an admin, or there is no such person.</exception>
    public async Task Block(string id, bool blocked, string actor, CancellationToken stop)
    {
        if (blocked)
            await RequireAnotherAdmin(id, stop);
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = await Find(users, id);
        user.Blocked = blocked;
        Require(await users.UpdateSecurityStampAsync(user));
        await audit.Write(actor, blocked ? "user.block" : "user.unblock", $"user:{user.UserName}", detail: null, stop);
    }

    private async Task RequireAnotherAdmin(string id, CancellationToken stop)
    {
        var others = (await List(stop)).Where(person => person.Id != id);
        if (!others.Any(person => person is { Role: Roles.Admin, Blocked: false }))
            throw new AccountException("The lab needs an admin: make somebody else one first.");
    }

    private static async Task<User> Find(UserManager<User> users, string id) =>
        await users.FindByIdAsync(id) ?? throw new AccountException("The person is gone.");

    private static void Require(IdentityResult result)
    {
        if (!result.Succeeded)
            throw new AccountException(string.Join(" ", result.Errors.Select(error => error.Description)));
    }
}
