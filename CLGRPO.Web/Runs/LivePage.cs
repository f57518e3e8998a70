using CLGRPO.Data.Runs;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Runs;

/// <summary>A page that follows runs: news is gathered and shown at most once a second, until the page is left.</summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    private const int SecondsQuiet = 10;
    private readonly CancellationTokenSource _left = new();
    private IDisposable? _subscription;
    private Task _following = Task.CompletedTask;
    private int _news;

    [Inject]
    protected TrainingService Training { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    protected DateTime Now => Clock.GetUtcNow().UtcDateTime;

    /// <summary>Reads what the page shows.</summary>
    protected abstract void Load();

    /// <summary>Reads what changes with time alone: how long ago, how much longer, overdue.</summary>
    protected virtual void LoadState() => Load();

    /// <summary>Whether news of this run concerns the page.</summary>
    protected virtual bool Concerns(RunSummary run) => true;

    protected override void OnAfterRender(bool firstRender)
    {
        // Not while the page is made in advance: such a page is never disposed of by a visitor who leaves.
        if (!firstRender)
            return;
        _subscription = Training.Subscribe(Hear);
        _following = Follow();
    }

    /// <summary>Shows what is new now, after something was done on this page.</summary>
    protected void Show()
    {
        Load();
        StateHasChanged();
    }

    private void ShowState()
    {
        LoadState();
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        await _left.CancelAsync();
        await _following;
        _left.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Hear(RunSummary run, IReadOnlyList<RunEvent> events)
    {
        if (Concerns(run))
            Interlocked.Exchange(ref _news, 1);
    }

    private async Task Follow()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var quiet = 0; // seconds without news
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                if (Interlocked.Exchange(ref _news, 0) == 1)
                {
                    quiet = 0;
                    await InvokeAsync(Show);
                }
                else if (++quiet % SecondsQuiet == 0)
                {
                    await InvokeAsync(ShowState);
                }
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
