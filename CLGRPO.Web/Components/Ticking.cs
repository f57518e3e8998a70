using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Components;

/// <summary>A part of a page that shows something that changes with time, anew every few seconds.</summary>
public abstract class Ticking : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _left = new();
    private Task _ticking = Task.CompletedTask;

    /// <summary>Reads what is shown anew, where rendering alone does not.</summary>
    protected virtual Task Read(CancellationToken left) => Task.CompletedTask;

    protected override Task OnInitializedAsync() => Read(_left.Token);

    protected override void OnAfterRender(bool firstRender)
    {
        // Not while the page is made in advance: such a page is never disposed of by a visitor who leaves.
        if (firstRender)
            _ticking = Tick();
    }

    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        await _ticking;
        _left.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task Tick()
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
                await InvokeAsync(ReadAndShow);
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

    private async Task ReadAndShow()
    {
        await Read(_left.Token);
        StateHasChanged();
    }
}
