using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Components;

/// <summary>A part of a page that shows something that changes with time, anew every few seconds.</summary>
public abstract class Ticking : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _left = new();
    private Task _ticking = Task.CompletedTask;

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
                await InvokeAsync(StateHasChanged);
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }
}
