using CLGRPO.Web.Operation;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Accounts;

/// <summary>
/// A circuit keeps the identity it began with. This looks again and again whether it still holds: after a sign-out, a block or a change of role
/// the open pages lose it.
/// </summary>
public sealed class CircuitIdentity(ILoggerFactory logs, Standing standing, IOptions<SiteOptions> options)
    : RevalidatingServerAuthenticationStateProvider(logs)
{
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(options.Value.IdentityCheckSeconds);

    protected override Task<bool> ValidateAuthenticationStateAsync(
        AuthenticationState authenticationState,
        CancellationToken cancellationToken
    ) => standing.Holds(authenticationState.User, cancellationToken);
}
