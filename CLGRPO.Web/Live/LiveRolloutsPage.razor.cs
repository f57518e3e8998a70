using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace CLGRPO.Web.Live;

/// <summary>Starts the script that paints the page, and stops it when the page is left.</summary>
public sealed partial class LiveRolloutsPage(TrainingService training, IJSRuntime js) : ComponentBase, IAsyncDisposable
{
    private ElementReference _page;
    private RunSummary? _run;
    private string? _rendered;
    private string? _started;
    private IJSObjectReference? _script;
    private IJSObjectReference? _live;

    [Parameter]
    public string Id { get; set; } = "";

    protected override void OnParametersSet() => _run = training.Find(Id);

    // What the script paints must not be painted over: once for each run.
    protected override bool ShouldRender()
    {
        var isNew = _rendered != Id;
        _rendered = Id;
        return isNew;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_started == Id || training.Directory(Id) is not { } directory)
            return;
        _started = Id;
        await StopAsync();
        _script ??= await js.InvokeAsync<IJSObjectReference>("import", $"/{Assets["scripts/live.js"]}");
        _live = await _script.InvokeAsync<IJSObjectReference>("start", _page, Id, LiveStage.Of(directory));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
            await (_script?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and its page with it.
        }
    }

    private async Task StopAsync()
    {
        if (_live is null)
            return;
        await _live.InvokeVoidAsync("stop");
        await _live.DisposeAsync();
        _live = null;
    }
}
