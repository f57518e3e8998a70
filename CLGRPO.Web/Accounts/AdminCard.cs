using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Radzen;

namespace CLGRPO.Web.Accounts;

/// <summary>A part of the admin's page: every act checks the role anew, and says what is not possible.</summary>
public abstract class AdminCard : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    [Inject]
    protected People People { get; set; } = null!;

    [Inject]
    protected AdminNews News { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    [Inject]
    private NotificationService Notifications { get; set; } = null!;

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    protected CancellationToken Stop => _stop.Token;
    protected DateTime Now => Clock.GetUtcNow().UtcDateTime;
    protected bool Busy { get; private set; }

    public void Dispose()
    {
        News.Changed -= Reload;
        _stop.Cancel();
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override async Task OnInitializedAsync()
    {
        News.Changed += Reload;
        await Load();
    }

    /// <summary>Reads what the card shows.</summary>
    protected abstract Task Load();

    /// <summary>Does something in the name of the admin, whose role is read now; a second click waits for nothing.</summary>
    protected async Task Act(Func<string, Task> act)
    {
        if (Busy)
            return;
        Busy = true;
        try
        {
            await act(await People.RequireAdmin((await Authentication).User, Stop));
        }
        catch (AccountException exception)
        {
            Notifications.Notify(NotificationSeverity.Error, exception.Message, duration: 8000);
        }
        finally
        {
            Busy = false;
        }
        News.Tell();
    }

    private void Reload(object? sender, EventArgs nothing) =>
        _ = InvokeAsync(async () =>
        {
            try
            {
                await Load();
                StateHasChanged();
            }
            catch (OperationCanceledException)
            {
                // The page was left.
            }
            catch (Exception exception)
            {
                await DispatchExceptionAsync(exception);
            }
        });
}

/// <summary>Tells the cards of one admin's page that something changed.</summary>
public sealed class AdminNews
{
    public event EventHandler? Changed;

    public void Tell() => Changed?.Invoke(this, EventArgs.Empty);
}
