using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Teachers;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Components.Authorization;
using Radzen;

namespace CLGRPO.Web.Construction;

/// <summary>What people do on the pages of the construction: whether they may is decided when they do it; what is refused is said.</summary>
internal sealed class ConstructionActs(
    AuthenticationStateProvider visitors,
    People people,
    NotificationService notifications
)
{
    private const double Milliseconds = 10_000;

    /// <param name="scope">What the person's role must be good for.</param>
    /// <param name="act">Is given the person's name.</param>
    /// <returns>Null when it was done, else why not.</returns>
    public async Task<string?> Try(string scope, Func<string, Task> act)
    {
        try
        {
            await act(
                await people.Require((await visitors.GetAuthenticationStateAsync()).User, scope, CancellationToken.None)
            );
            return null;
        }
        catch (Exception refused)
            when (refused
                    is AccountException
                        or ConstructionException
                        or ConstructionStateException
                        or TeacherException
                        or InvalidDataException
                        or ArgumentException
            )
        {
            return refused.Message;
        }
    }

    /// <summary>The same, for what has no place of its own to say why not.</summary>
    /// <returns>Whether it was done.</returns>
    public async Task<bool> Do(string scope, Func<string, Task> act)
    {
        if (await Try(scope, act) is not { } refused)
            return true;
        notifications.Notify(NotificationSeverity.Error, refused, duration: Milliseconds);
        return false;
    }
}
