using CLGRPO.Data.Runs;
using CLGRPO.Web.Components;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Runs;

/// <summary>A page that follows runs: news is gathered and shown at most once a second, until the page is left.</summary>
public abstract class LivePage : Ticking
{
    private const int SecondsQuiet = 10;
    private IDisposable? _subscription;
    private int _news;
    private int _quiet; // seconds without news

    [Inject]
    protected TrainingService Training { get; set; } = null!;

    protected override TimeSpan Every => TimeSpan.FromSeconds(1);

    /// <summary>Reads what the page shows.</summary>
    protected abstract void Load();

    /// <summary>Reads what changes with time alone: how long ago, how much longer, overdue.</summary>
    protected virtual void LoadState() => Load();

    /// <summary>Whether news of this run concerns the page.</summary>
    protected virtual bool Concerns(RunSummary run) => true;

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            _subscription = Training.Subscribe(Hear);
        base.OnAfterRender(firstRender);
    }

    protected override Task<bool> LookAsync()
    {
        if (Interlocked.Exchange(ref _news, 0) == 1)
        {
            _quiet = 0;
            Load();
            return Task.FromResult(true);
        }
        if (++_quiet % SecondsQuiet != 0)
            return Task.FromResult(false);
        LoadState();
        return Task.FromResult(true);
    }

    protected override ValueTask LeaveAsync()
    {
        _subscription?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Shows what is new now, after something was done on this page.</summary>
    protected void Show()
    {
        Load();
        StateHasChanged();
    }

    private void Hear(RunSummary run, IReadOnlyList<RunEvent> events)
    {
        if (Concerns(run))
            Interlocked.Exchange(ref _news, 1);
    }
}
