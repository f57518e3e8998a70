using CLGRPO.Web.Components;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Construction;

/// <summary>A page that follows constructions: anew every second while one is worked on, else when something changed.</summary>
public abstract class ConstructionFollower : Ticking
{
    // The command line works on constructions too, and tells nobody.
    private const int QuietSeconds = 10;
    private int _news;
    private int _quiet;

    [Inject]
    protected ConstructionService Service { get; set; } = null!;

    /// <summary>Something that the page shows is going on.</summary>
    protected abstract bool IsActive { get; }

    protected override TimeSpan Every => TimeSpan.FromSeconds(1);

    /// <summary>Reads what the page shows.</summary>
    protected abstract Task Load(CancellationToken stop);

    protected override Task OnInitializedAsync() => Load(Left);

    protected override void OnAfterRender(bool firstRender)
    {
        base.OnAfterRender(firstRender);
        if (firstRender)
            Service.Changed += Hear;
    }

    protected override async Task<bool> LookAsync()
    {
        if (Interlocked.Exchange(ref _news, 0) == 0 && !IsActive && ++_quiet % QuietSeconds != 0)
            return false;
        await Load(Left);
        return true;
    }

    protected override ValueTask LeaveAsync()
    {
        Service.Changed -= Hear;
        return ValueTask.CompletedTask;
    }

    /// <summary>Shows what is new now, after something was done on this page.</summary>
    protected async Task Show()
    {
        await Load(Left);
        StateHasChanged();
    }

    private void Hear(object? sender, EventArgs nothing) => Interlocked.Exchange(ref _news, 1);
}
