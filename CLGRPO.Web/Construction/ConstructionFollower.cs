using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Construction;

/// <summary>A page that follows constructions: anew every second while one is worked on, else when something changed.</summary>
public abstract class ConstructionFollower : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private const int QuietSeconds = 10;
    private readonly CancellationTokenSource _left = new();
    private Task _following = Task.CompletedTask;
    private int _news;

    [Inject]
    protected ConstructionService Service { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    protected DateTime Now => Clock.GetUtcNow().UtcDateTime;
    protected CancellationToken Left => _left.Token;

    /// <summary>Something that the page shows is going on.</summary>
    protected abstract bool IsActive { get; }

    /// <summary>Reads what the page shows.</summary>
    protected abstract Task Load(CancellationToken stop);

    protected override Task OnInitializedAsync() => Load(Left);

    protected override void OnAfterRender(bool firstRender)
    {
        // Not while the page is made in advance: such a page is never disposed of by a visitor who leaves.
        if (!firstRender)
            return;
        Service.Changed += Hear;
        _following = Follow();
    }

    /// <summary>Shows what is new now, after something was done on this page.</summary>
    protected async Task Show()
    {
        await Load(Left);
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        Service.Changed -= Hear;
        await _left.CancelAsync();
        await _following;
        _left.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Hear(object? sender, EventArgs nothing) => Interlocked.Exchange(ref _news, 1);

    private async Task Follow()
    {
        using var timer = new PeriodicTimer(Every);
        var quiet = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                // The command line works on constructions too, and tells nobody.
                if (Interlocked.Exchange(ref _news, 0) == 0 && !IsActive && ++quiet % QuietSeconds != 0)
                    continue;
                await InvokeAsync(Show);
            }
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
}
