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

    private bool _loaded;
    private string? _denied;
    private bool _busy;
    private string _me = "";
    private IReadOnlyList<ReviewBatch> _others = [];
    private ReviewBatch? _batch;
    private ReviewSource _source;
    private ReviewGuideline? _guideline;
    private ReviewTask? _task;
    private ReviewTask? _next;
    private List<ReviewThumb> _done = [];
    private IReadOnlyList<ReviewThumb> _coming = [];
    private ReviewProgress? _progress;
    private double? _alpha;
    private int _mineToday;
    private int _drafts;

    private string _key = "";
    private DateTime _shownAt;
    private DateTime? _savedAt;
    private DraftContent? _draft;
    private Dictionary<string, int> _ratings = new(StringComparer.Ordinal);
    private TextView _view;
    private int _question;
    private bool _rejecting;
    private bool _editing;
    private bool _folded;

    private Task<IJSObjectReference>? _starting;
    private ReviewTask? _opened;
    private bool _focusText;

    public ReviewPage() => _self = DotNetObjectReference.Create(this);

    private enum TextView
    {
        Original,
        Edited,
        Diff,
    }

    /// <summary>Null for the newest batch that is for the person.</summary>
    [Parameter]
    public long? BatchId { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private People People { get; set; } = null!;

    [Inject]
    private ReviewBatches Batches { get; set; } = null!;

    [Inject]
    private ReviewQueue Queue { get; set; } = null!;

    [Inject]
    private ReviewTasks Tasks { get; set; } = null!;

    [Inject]
    private Verdicts Verdicts { get; set; } = null!;

    [Inject]
    private ReviewDrafts Drafts { get; set; } = null!;

    [Inject]
    private ReviewBoard Board { get; set; } = null!;

    [Inject]
    private Guidelines Guidelines { get; set; } = null!;

    [Inject]
    private StoreFactory Store { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    [Inject]
    private NotificationService Notifications { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    /// <summary>The text as the person wants it; null where it is the teacher's.</summary>
    private string? Edited => _draft?.Text is { } text && text.Trim() != _task?.Reasoning ? text.Trim() : null;

    private DateTime Now => Clock.GetUtcNow().UtcDateTime;

    /// <summary>A key, as pressed or clicked. What is not known does nothing; while one works, others wait for nobody.</summary>
    [JSInvokable]
    public async Task Press(string key)
    {
        if (_busy || _batch is null)
            return;
        _busy = true;
        try
        {
            await Do(key);
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
            StateHasChanged();
        }
    }

    /// <summary>The browser has saved what was typed.</summary>
    [JSInvokable]
    public async Task DraftSaved()
    {
        if (_task is not { } task || await Tasks.Find(task.ItemId, _me, _left.Token) is not { } fresh)
            return;
        if (task.ItemId != _task?.ItemId)
            return;
        (_draft, _savedAt) = (fresh.Draft, Now);
        if (fresh.Comments.Count != task.Comments.Count)
            _task = _opened = task with { Comments = fresh.Comments };
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
        try
        {
            if (_starting is not null)
            {
                var desk = await _starting;
                await desk.InvokeVoidAsync("end");
                await desk.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and the script with it.
        }
        _self.Dispose();
        _left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        // A page that is made in advance takes nothing: nobody may ever see it.
        if (!RendererInfo.IsInteractive)
            return;
        _me = (await Authentication).User.Identity?.Name ?? "";
        var all = await Batches.List(_left.Token);
        _others = [.. all.Where(batch => batch.ClosedAt is null)];
        _batch =
            BatchId is { } id ? all.FirstOrDefault(batch => batch.Id == id)
            : _others.FirstOrDefault(IsMine) is { } mine ? mine
            : _others.Count > 0 ? _others[0]
            : null;
        (_task, _next, _source, _progress) = (null, null, ReviewSource.New, null);
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
        try
        {
            // Renders overlap: the script starts once.
            var desk = await (_starting ??= StartScript());
            if (_task is { } task && task.ItemId != _opened?.ItemId)
            {
                _opened = task;
                await desk.InvokeVoidAsync(
                    "open",
                    task.ItemId,
                    task.Reasoning,
                    _draft?.Text,
                    _draft?.Comment,
                    task.DraftVersion,
                    _next is null ? null : Pictures.Whole(_next.Image)
                );
            }
            else if (_task is null && _opened is not null)
            {
                _opened = null;
                await desk.InvokeVoidAsync("close");
            }
            if (_focusText)
            {
                _focusText = false;
                await desk.InvokeVoidAsync("edit");
            }
        }
        catch (JSDisconnectedException)
        {
            // The visitor left.
        }
    }

    private async Task<IJSObjectReference> StartScript()
    {
        await using var module = await Script.InvokeAsync<IJSObjectReference>(
            "import",
            $"./{Assets["scripts/review.js"]}"
        );
        return await module.InvokeAsync<IJSObjectReference>(
            "start",
            _self,
            _me,
            Clock.GetUtcNow().ToUnixTimeMilliseconds()
        );
    }

    private static string Pressed(bool pressed) => pressed ? "true" : "false";

    private bool IsMine(ReviewBatch batch) =>
        batch.Assignees.Count == 0 || batch.Assignees.Contains(_me, StringComparer.OrdinalIgnoreCase);

    private async Task Do(string key)
    {
        switch (key)
        {
            case "a":
                await Accept();
                break;
            case "r":
                (_rejecting, _editing) = (!_rejecting && _task is not null, false);
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
                _question = Math.Max(0, _question - 1);
                break;
            case "down":
                _question = Math.Min(ReviewQuestion.All.Count - 1, _question + 1);
                break;
            case ['1' or '2' or '3' or '4' or '5']:
                await Digit(key[0] - '0');
                break;
        }
    }

    private async Task Accept()
    {
        await Reread();
        await Judge(Edited is null ? Verdict.Accept : Verdict.Edit);
    }

    /// <summary>After R a digit names the reason; else it answers the marked question, and the next one is marked.</summary>
    private async Task Digit(int digit)
    {
        if (_rejecting)
            await Judge(Verdict.Reject, RejectReason.All[digit - 1].Key);
        else if (_task is not null)
            await SaveRating(ReviewQuestion.All[_question].Key, digit);
    }

    private Task Reject(string reason) => Guarded(() => Judge(Verdict.Reject, reason));

    private Task Rate(string question, int value) => Guarded(() => SaveRating(question, value));

    private async Task SaveRating(string question, int value)
    {
        var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
        var ratings = new Dictionary<string, int>(_ratings, StringComparer.Ordinal) { [question] = value };
        await Drafts.Rate(_task!.ItemId, me, ratings, _left.Token);
        _ratings = ratings;
        var at = ReviewQuestion.All.ToList().FindIndex(one => one.Key == question);
        _question = Math.Min(at + 1, ReviewQuestion.All.Count - 1);
    }

    private async Task Judge(Verdict verdict, string? reason = null)
    {
        if (_task is not { } task)
            return;
        var me = await People.Require((await Authentication).User, ReviewScopes.Write, _left.Token);
        await Verdicts.Submit(
            task.ItemId,
            me,
            new VerdictSubmission
            {
                Key = _key,
                Verdict = verdict,
                Reason = reason,
                Text = verdict == Verdict.Edit ? Edited : null,
                Ratings = _ratings,
                Comment = _draft?.Comment,
                Guideline = _guideline?.Version,
                Seconds = Math.Min((Now - _shownAt).TotalSeconds, TimeSpan.FromHours(1).TotalSeconds),
            },
            _left.Token
        );
        _done.Add(new ReviewThumb(task.ItemId, task.Image, task.Key, verdict));
        if (verdict != Verdict.Skip)
            _mineToday++;
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
        if (_task is null)
            return;
        (_editing, _rejecting, _view) = (true, false, TextView.Diff);
        _focusText = true;
    }

    private async Task Leave()
    {
        (_rejecting, _editing) = (false, false);
        await Reread();
    }

    private async Task Compare()
    {
        await Leave();
        _view = _view == TextView.Diff ? TextView.Original : TextView.Diff;
    }

    private void Show(TextView view)
    {
        if (view == TextView.Edited && Edited is null)
            Edit();
        else
            (_view, _editing) = (view, false);
    }

    private Task ChooseSource(ChangeEventArgs change)
    {
        _source = Enum.TryParse<ReviewSource>(change.Value as string, out var source) ? source : ReviewSource.New;
        return Look();
    }

    private Task Look() =>
        Guarded(async () =>
        {
            (_task, _next) = (null, null);
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
            else if (held[0] != _task?.ItemId || _next is null)
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

    private void Open(ReviewTask? task)
    {
        _task = task;
        _draft = task?.Draft;
        _ratings = task?.Draft is { } draft ? new(draft.Ratings, StringComparer.Ordinal) : new(StringComparer.Ordinal);
        (_key, _shownAt, _savedAt) = (Guid.NewGuid().ToString("N"), Now, null);
        (_question, _rejecting, _editing) = (0, false, false);
        _view = Edited is null ? TextView.Original : TextView.Diff;
    }

    /// <summary>What the browser saved is what counts.</summary>
    private async Task Reread()
    {
        if (_task is { } task && await Tasks.Find(task.ItemId, _me, _left.Token) is { } fresh)
            _draft = fresh.Draft;
    }

    private async Task Guarded(Func<Task> act)
    {
        if (_busy)
            return;
        _busy = true;
        try
        {
            await act();
        }
        catch (Exception exception) when (exception is ReviewException or AccountException or ReviewConflictException)
        {
            Notifications.Notify(NotificationSeverity.Error, exception.Message, duration: 8000);
        }
        finally
        {
            _busy = false;
        }
        StateHasChanged();
    }

    private async Task Count()
    {
        if (_batch is not { } batch)
            return;
        _progress = await Board.Progress(batch.Id, _left.Token);
        var (_, today, _, drafts) = await ReviewProgress.Mine(Store, batch.Id, _me, Now.Date, _left.Token);
        (_mineToday, _drafts) = (today, drafts);
        _alpha = (await Board.Agreement(batch.Id, _left.Token)).Questions[0].Nominal.Value;
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
