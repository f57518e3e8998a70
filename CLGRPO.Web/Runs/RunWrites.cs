using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Radzen;

namespace CLGRPO.Web.Runs;

/// <summary>
/// What people do to runs on pages: whether they may is decided when they do it, not by which buttons are shown; what is
/// done is in the audit, what is refused is said.
/// </summary>
internal sealed class RunWrites(
    AuthenticationStateProvider people,
    IAuthorizationService authorization,
    NotificationService notifications,
    Audit audit
)
{
    private const double Milliseconds = 8000;

    /// <param name="action">What the audit calls it, such as run.pause.</param>
    /// <param name="run">To which run.</param>
    /// <param name="detail">What the audit says beside.</param>
    /// <returns>True when it was done.</returns>
    public async Task<bool> Do(string action, string run, Action act, string? detail = null)
    {
        var user = (await people.GetAuthenticationStateAsync()).User;
        if (!(await authorization.AuthorizeAsync(user, RunScopes.Write)).Succeeded)
            return Refused("Researchers and admins steer runs; your account does not.");
        try
        {
            act();
            await audit.Write(user.Identity!.Name!, action, $"run:{run}", detail, CancellationToken.None);
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
