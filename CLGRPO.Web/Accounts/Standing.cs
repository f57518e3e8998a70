using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Identity;

namespace CLGRPO.Web.Accounts;

/// <summary>Looks whether whoever was let in may stay: a person until a sign-out, a block or a change of role, a key until it is revoked or expires.</summary>
public sealed class Standing(IServiceScopeFactory scopes, ApiKeys keys)
{
    public async Task<bool> Holds(ClaimsPrincipal who, CancellationToken stop)
    {
        if (who.FindFirstValue(ApiKeyHandler.KeyIdClaim) is { } key)
            return await keys.IsLive(long.Parse(key, CultureInfo.InvariantCulture), stop);
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var stamp = who.FindFirstValue(users.Options.ClaimsIdentity.SecurityStampClaimType);
        return await users.GetUserAsync(who) is { Blocked: false } user
            && stamp is not null
            && stamp == await users.GetSecurityStampAsync(user);
    }
}
