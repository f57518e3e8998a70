using CLGRPO.Data.Reviews;
using Microsoft.JSInterop;

namespace CLGRPO.Web.Reviews;

/// <summary>The browser's half of the page, review.js: it hears the keys, saves what is typed, and keeps the lease.</summary>
/// <param name="module">Address of the script.</param>
/// <param name="me">Who judges: unsaved texts of another person on the same browser are not theirs.</param>
internal sealed class ReviewScript(
    IJSRuntime script,
    string module,
    DotNetObjectReference<ReviewPage> page,
    string me,
    TimeProvider clock
) : IAsyncDisposable
{
    private Task<IJSObjectReference>? _starting;
    private long? _open;

    /// <summary>Follows the page to the item that it shows.</summary>
    /// <param name="next">The item after it, whose picture is fetched ahead.</param>
    /// <param name="types">Begin to type.</param>
    public async Task Follow(OpenItem? item, ReviewTask? next, bool types)
    {
        try
        {
            // Renders overlap: the script starts once.
            var desk = await (_starting ??= Start());
            if (item is not null && item.Task.ItemId != _open)
            {
                _open = item.Task.ItemId;
                await desk.InvokeVoidAsync(
                    "open",
                    item.Task.ItemId,
                    item.Task.Reasoning,
                    item.Draft?.Text,
                    item.Draft?.Comment,
                    item.Task.DraftVersion,
                    next is null ? null : Pictures.Whole(next.Image)
                );
            }
            else if (item is null && _open is not null)
            {
                _open = null;
                await desk.InvokeVoidAsync("close");
            }
            if (types)
                await desk.InvokeVoidAsync("edit");
        }
        catch (JSDisconnectedException)
        {
            // The visitor left.
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_starting is null)
                return;
            var desk = await _starting;
            await desk.InvokeVoidAsync("end");
            await desk.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and the script with it.
        }
    }

    private async Task<IJSObjectReference> Start()
    {
        await using var loaded = await script.InvokeAsync<IJSObjectReference>("import", module);
        return await loaded.InvokeAsync<IJSObjectReference>(
            "start",
            page,
            me,
            clock.GetUtcNow().ToUnixTimeMilliseconds()
        );
    }
}
