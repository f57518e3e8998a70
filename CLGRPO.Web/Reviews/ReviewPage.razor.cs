using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Radzen;

namespace CLGRPO.Web.Reviews;

/// <summary>One item at a time, judged from the keyboard. Texts are typed and saved by review.js; the page decides what a key does.</summary>
public sealed partial class ReviewPage : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly IReadOnlyList<(string, string)> Above = [("Review", "review/batches")];
    private readonly CancellationTokenSource _left = new();
    private readonly DotNetObjectReference<ReviewPage> _self;
    private readonly SemaphoreSlim _turn = new(1);
    private ReviewScript? _script;

    private bool _loaded;
    private string? _denied;
    private bool _busy;
    private string _me = "";
    private ReviewBatch? _batch;
    private ReviewSource _source;
    private ReviewGuideline? _guideline;
    private OpenItem? _item;
    private ReviewTask? _next;
    private List<ReviewThumb> _done = [];
    private IReadOnlyList<ReviewThumb> _coming = [];
    private StripFigures? _figures;
    private bool _folded;
    private bool _types;

    public ReviewPage() => _self = DotNetObjectReference.Create(this);

    /// <summary>Null for the newest batch that is for the person.</summary>
    [Parameter]
    public long? BatchId { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    private DateTime Now => Clock.GetUtcNow().UtcDateTime;

    /// <summary>A key, as pressed. What is not known does nothing.</summary>
    /// <param name="item">What was on the screen then; null for nothing.</param>
    [JSInvokable]
    public Task Press(string key, long? item) => _batch is null ? Task.CompletedTask : InTurn(item, () => Do(key));

    /// <summary>The browser has saved what was typed.</summary>
    [JSInvokable]
    public async Task DraftSaved()
    {
        if (_item is not { } item || await Tasks.Find(item.Task.ItemId, _me, _left.Token) is not { } fresh)
            return;
        item.Saved(fresh, Now);
        StateHasChanged();
    }

    /// <summary>The lease ended, and somebody else has the item.</summary>
    [JSInvokable]
    public async Task LeaseLost()
    {
        Notifications.Notify(
            NotificationSeverity.Warning,
            "Your lease had ended and others have taken the item. What you typed is kept; here is the next one.",
            duration: 8000
        );
        await Look();
    }

    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        if (_script is not null)
            await _script.DisposeAsync();
        _self.Dispose();
        _left.Dispose();
        _turn.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        // A page that is made in advance takes nothing: nobody may ever see it.
        if (!RendererInfo.IsInteractive)
            return;
        _me = (await Authentication).User.Identity?.Name ?? "";
        var all = await Batches.List(_left.Token);
        var open = all.Where(batch => batch.ClosedAt is null).ToList();
        _batch =
            BatchId is { } id ? all.FirstOrDefault(batch => batch.Id == id)
            : open.Find(batch => ReviewBatches.IsFor(batch, _me)) is { } mine ? mine
            : open.FirstOrDefault();
        (_item, _next, _source, _figures) = (null, null, ReviewSource.New, null);
        if (_batch is not null)
        {
            _guideline = await Guidelines.Newest(_batch.DatasetId, _left.Token);
            _done = [.. await Tasks.Judged(_batch.Id, _me, Film.Before, _left.Token)];
            await Look();
        }
        _loaded = true;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive)
            _ = KeepFresh();
        if (!_loaded || _batch is null)
            return;
        _script ??= new ReviewScript(Script, $"./{Assets["scripts/review.js"]}", _self, _me, Clock);
        var types = _types;
        _types = false;
        await _script.Follow(_item, _next, types);
    }

    private static string Pressed(bool pressed) => pressed ? "true" : "false";

    private async Task Do(string key)
    {
        switch (key)
        {
            case "a":
                await Accept();
                break;
            case "r":
                _item?.AskReason();
                break;
            case "e":
                Edit();
                break;
            case "f":
                await Judge(Verdict.Flag);
                break;
            case "s":
                await Judge(Verdict.Skip);
                break;
            case "u":
                await Undo();
                break;
            case "d":
                await Compare();
                break;
            case "escape":
                await Leave();
                break;
            case "up":
                _item?.Mark(_item.Question - 1);
                break;
            case "down":
                _item?.Mark(_item.Question + 1);
                break;
            case ['1' or '2' or '3' or '4' or '5']:
                await Digit(key[0] - '0');
                break;
        }
    }

    private async Task Accept()
    {
        await Reread();
        await Judge(_item?.Edited is null ? Verdict.Accept : Verdict.Edit);
    }

    /// <summary>After R a digit names the reason; else it answers the marked question, and the next one is marked.</summary>
    private async Task Digit(int digit)
    {
        if (_item is { IsRejecting: true })
            await Judge(Verdict.Reject, RejectReason.All[digit - 1].Key);
        else if (_item is { } item)
            await SaveRating(item, ReviewQuestion.All[item.Question].Key, digit);
    }

    private Task Reject(string reason) => InTurn(() => Judge(Verdict.Reject, reason));

    private Task Rate(string question, int value) =>
        _item is { } item ? InTurn(() => SaveRating(item, question, value)) : Task.CompletedTask;

    private async Task SaveRating(OpenItem item, string question, int value)
    {
        var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
        var ratings = new Dictionary<string, int>(item.Ratings, StringComparer.Ordinal) { [question] = value };
        await Drafts.Rate(item.Task.ItemId, me, ratings, _left.Token);
        item.Rated(ratings, question);
    }

    private async Task Judge(Verdict verdict, string? reason = null)
    {
        if (_item is not { } item)
            return;
        var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
        var said = item.Say(verdict, reason, _guideline?.Version, Now);
        await Verdicts.Submit(item.Task.ItemId, me, said, _left.Token);
        _done.Add(new ReviewThumb(item.Task.ItemId, item.Task.Image, item.Task.Key, verdict));
        if (verdict != Verdict.Skip)
            _figures = _figures?.WithOneMore();
        await Advance();
    }

    private async Task Undo()
    {
        var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
        if (await Verdicts.Undo(_batch!.Id, me, _left.Token) is not { } item)
        {
            Notifications.Notify(
                NotificationSeverity.Info,
                $"There is nothing to undo: {Verdicts.MostUndone} steps at most.",
                duration: 4000
            );
            return;
        }
        _next = null;
        Open(await Tasks.Find(item, me, _left.Token));
        _done = [.. await Tasks.Judged(_batch.Id, me, Film.Before, _left.Token)];
        Board.Forget(_batch.Id);
        await Count();
    }

    private void Edit()
    {
        if (_item is null)
            return;
        _item.Edit();
        _types = true;
    }

    private async Task Leave()
    {
        _item?.Leave();
        await Reread();
    }

    private async Task Compare()
    {
        await Leave();
        _item?.Compare();
    }

    private void Show(TextView view)
    {
        if (view == TextView.Edited && _item?.Edited is null)
            Edit();
        else
            _item?.Show(view);
    }

    private Task ChooseSource(ChangeEventArgs change)
    {
        _source = Enum.TryParse<ReviewSource>(change.Value as string, out var source) ? source : ReviewSource.New;
        return Look();
    }

    private Task Look() =>
        InTurn(async () =>
        {
            (_item, _next) = (null, null);
            await Advance();
            await Count();
        });

    /// <summary>Shows the item that was fetched ahead at once, and fetches the one after it.</summary>
    private async Task Advance()
    {
        if (_next is not null)
        {
            Open(_next);
            StateHasChanged();
        }
        try
        {
            var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
            var held = await Queue.Take(_batch!.Id, me, 2, _left.Token, _source);
            if (held.Count == 0)
                Open(null);
            else if (held[0] != _item?.Task.ItemId || _next is null)
                Open(await Tasks.Find(held[0], me, _left.Token));
            _next = held.Count > 1 ? await Tasks.Find(held[1], me, _left.Token) : null;
            var ahead = await Queue.Peek(_batch.Id, me, Film.After - 1, _left.Token, _source);
            _coming = await Tasks.Thumbs([.. held.Skip(1), .. ahead], _left.Token);
            _denied = null;
        }
        catch (Exception exception) when (exception is ReviewException or AccountException)
        {
            _denied = exception.Message;
            Open(null);
        }
    }

    private void Open(ReviewTask? task) => _item = task is null ? null : new OpenItem(task, Now);

    private async Task Reread()
    {
        if (_item is { } item && await Tasks.Find(item.Task.ItemId, _me, _left.Token) is { } fresh)
            item.Reread(fresh);
    }

    /// <summary>
    /// One act after the other. What comes while another one works waits for it, and is left out where the screen has gone on to another
    /// item by then: it was not meant for that.
    /// </summary>
    private async Task InTurn(long? item, Func<Task> act)
    {
        await _turn.WaitAsync(_left.Token);
        _busy = true;
        try
        {
            if (item == _item?.Task.ItemId)
                await act();
        }
        catch (Exception exception) when (exception is ReviewException or AccountException)
        {
            Notifications.Notify(NotificationSeverity.Error, exception.Message, duration: 8000);
        }
        catch (ReviewConflictException exception)
        {
            Notifications.Notify(NotificationSeverity.Warning, exception.Message, duration: 8000);
            await Advance();
        }
        finally
        {
            _busy = false;
            if (!_left.IsCancellationRequested)
                _turn.Release();
        }
        StateHasChanged();
    }

    private Task InTurn(Func<Task> act) => InTurn(_item?.Task.ItemId, act);

    private Task Click(string key) => Press(key, _item?.Task.ItemId);

    private async Task Count()
    {
        if (_batch is { } batch)
            _figures = await StripFigures.Of(Board, Store, batch.Id, _me, Now.Date, _left.Token);
    }

    private async Task KeepFresh()
    {
        using var timer = new PeriodicTimer(Period, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                await InvokeAsync(async () =>
                {
                    await Count();
                    StateHasChanged();
                });
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
