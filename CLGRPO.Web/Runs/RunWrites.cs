using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Radzen;

namespace CLGRPO.Web.Runs;

/// <summary>
/// What people do to runs on pages: whether they may is decided when they do it, not by which buttons are shown; what is
/// refused is said.
/// </summary>
internal sealed class RunWrites(
    AuthenticationStateProvider people,
    IAuthorizationService authorization,
    NotificationService notifications
)
{
    private const double Milliseconds = 8000;

    /// <returns>True when it was done.</returns>
    public Task<bool> Do(Action act) => Do(_ => act());

    /// <param name="act">Is given the person's name.</param>
    /// <returns>True when it was done.</returns>
    public async Task<bool> Do(Action<string> act)
    {
        var user = (await people.GetAuthenticationStateAsync()).User;
        if (!(await authorization.AuthorizeAsync(user, RunScopes.Write)).Succeeded)
            return Refused("Researchers and admins steer runs; your account does not.");
        try
        {
            act(user.Identity?.Name ?? "");
            return true;
        }
        catch (Exception e) when (e is RunStateException or KeyNotFoundException or IOException or ArgumentException)
        {
            return Refused(e.Message);
        }
    }

    private bool Refused(string why)
    {
        notifications.Notify(NotificationSeverity.Error, why, duration: Milliseconds);
        return false;
    }
}
