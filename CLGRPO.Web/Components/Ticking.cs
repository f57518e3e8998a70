using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Components;

/// <summary>A page, or a part of one, that looks again and again at what changes, until it is left.</summary>
public abstract class Ticking : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _left = new();
    private Task _ticking = Task.CompletedTask;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    protected DateTime Now => Clock.GetUtcNow().UtcDateTime;

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => _left.Token;

    /// <summary>Time between two looks.</summary>
    protected virtual TimeSpan Every => TimeSpan.FromSeconds(5);

    /// <summary>Reads what may have changed.</summary>
    /// <returns>Whether it is to be shown anew.</returns>
    protected virtual Task<bool> LookAsync() => Task.FromResult(true);

    protected override void OnAfterRender(bool firstRender)
    {
        // Not while the page is made in advance: such a page is never disposed of by a visitor who leaves.
        if (firstRender)
            _ticking = TickAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        await LeaveAsync();
        await _ticking;
        _left.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the page holds besides.</summary>
    protected virtual ValueTask LeaveAsync() => ValueTask.CompletedTask;

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(Every, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
                await InvokeAsync(ShowAsync);
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
    }

    private async Task ShowAsync()
    {
        if (await LookAsync())
            StateHasChanged();
    }
}
