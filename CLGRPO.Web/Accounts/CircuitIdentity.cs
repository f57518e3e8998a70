using System.Security.Claims;
using CLGRPO.Web.Operation;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Accounts;

/// <summary>
/// A circuit keeps the identity it began with. This looks again and again whether it still holds: after a sign-out, a block or a change of role
/// the open pages lose it.
/// </summary>
public sealed class CircuitIdentity(ILoggerFactory logs, IServiceScopeFactory scopes, IOptions<SiteOptions> options)
    : RevalidatingServerAuthenticationStateProvider(logs)
{
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(options.Value.IdentityCheckSeconds);

    protected override async Task<bool> ValidateAuthenticationStateAsync(
        AuthenticationState authenticationState,
        CancellationToken cancellationToken
    )
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var principal = authenticationState.User;
        var stamp = principal.FindFirstValue(users.Options.ClaimsIdentity.SecurityStampClaimType);
        return await users.GetUserAsync(principal) is { Blocked: false } user
            && stamp is not null
            && stamp == await users.GetSecurityStampAsync(user);
    }
}
