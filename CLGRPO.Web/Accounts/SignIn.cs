using System.Security.Claims;
using CLGRPO.Web.Operation;
using Microsoft.AspNetCore.Identity;

namespace CLGRPO.Web.Accounts;

/// <summary>Signs people in and out by cookie.</summary>
public sealed partial class SignIn(
    SignInManager<User> manager,
    UserManager<User> users,
    SiteMeter meter,
    Audit audit,
    TimeProvider clock,
    ILogger<SignIn> log
)
{
    /// <summary>One sentence for all reasons, so that it tells nobody which names exist.</summary>
    public const string Refusal = "Name or password is wrong, or the account is locked for some minutes.";

    // An unknown name costs as much as a wrong password.
    private static readonly string NobodysHash = new PasswordHasher<User>().HashPassword(new User(), Secrets.Create());

    /// <returns>Whether the person is signed in now.</returns>
    public async Task<bool> TryWithPassword(string name, string password)
    {
        var success = await Try(name, password);
        meter.SignedIn(success);
        return success;
    }

    /// <summary>Signs in somebody who has just proved who they are.</summary>
    public async Task For(string id) =>
        await For(await users.FindByIdAsync(id) ?? throw new AccountException("The account is gone."));

    private async Task For(User user)
    {
        user.SignedInAt = clock.GetUtcNow().UtcDateTime;
        await users.UpdateAsync(user);
        await manager.SignInAsync(user, isPersistent: true);
    }

    /// <summary>Ends every session of the person, on all machines; open pages end too.</summary>
    public async Task Out(ClaimsPrincipal person)
    {
        if (await users.GetUserAsync(person) is { } user)
            await users.UpdateSecurityStampAsync(user);
        await manager.SignOutAsync();
    }

    /// <summary>Changes the password of a person who knows the present one; every session but this ends.</summary>
    /// <exception cref="AccountException">The present one is wrong, too often perhaps, or the new one will not do.</exception>
    public async Task ChangePassword(ClaimsPrincipal person, string current, string password, CancellationToken stop)
    {
        var user = await users.GetUserAsync(person) ?? throw new AccountException("The account is gone.");
        var result = await manager.CheckPasswordSignInAsync(user, current, lockoutOnFailure: true);
        if (!result.Succeeded)
            throw new AccountException("The password now is wrong, or the account is locked for some minutes.");
        var change = await users.ChangePasswordAsync(user, current, password);
        if (!change.Succeeded)
            throw new AccountException(string.Join(" ", change.Errors.Select(error => error.Description)));
        await audit.Write(user.UserName!, "user.password", $"user:{user.UserName}", detail: null, stop);
        await For(user);
    }

    private async Task<bool> Try(string name, string password)
    {
        var user = await users.FindByNameAsync(name);
        if (user is null)
        {
            _ = users.PasswordHasher.VerifyHashedPassword(new User(), NobodysHash, password);
            RefusedUnknown();
            return false;
        }
        var result = await manager.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (!result.Succeeded || user.Blocked)
        {
            Refused(user.Id, result.IsLockedOut, user.Blocked);
            return false;
        }
        await For(user);
        return true;
    }

    [LoggerMessage(LogLevel.Information, "Sign-in refused: no such name")]
    private partial void RefusedUnknown();

    [LoggerMessage(LogLevel.Information, "Sign-in refused for user {UserId} (locked {Locked}, blocked {Blocked})")]
    private partial void Refused(string userId, bool locked, bool blocked);
}
