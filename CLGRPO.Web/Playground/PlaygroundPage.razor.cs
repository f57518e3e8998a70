using System.Security.Claims;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Web.Datasets;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Radzen;

namespace CLGRPO.Web.Playground;

/// <summary>A picture shown to models side by side.</summary>
public sealed partial class PlaygroundPage : ComponentBase, IAsyncDisposable
{
    private const int StripLength = 6;
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(3);
    private readonly CancellationTokenSource _left = new();
    private readonly List<AnswerColumn> _columns = [];
    private IReadOnlyList<ModelChoice> _models = [];
    private IReadOnlyList<Sample> _samples = [];
    private IReadOnlyList<PlaygroundSummary> _history = [];
    private ClaimsPrincipal _user = new();
    private PlaygroundSettings _settings = new();
    private PlaygroundPicture? _picture;
    private PlaygroundEntry? _entry;
    private string? _question;
    private string? _system;
    private string? _uploading;
    private string? _refused;
    private bool _fold = true;
    private Side _side = Side.Settings;
    private Split _split = Split.Validation;
    private int _firstSample;
    private ElementReference _root;
    private ElementReference _chooser;
    private IJSObjectReference? _module;
    private IJSObjectReference? _listener;
    private DotNetObjectReference<PlaygroundPage>? _self;

    private enum Side
    {
        None,
        Settings,
        History,
    }

    /// <summary>Models to begin with: <c>?model=run/step-0000100</c>, up to four.</summary>
    [SupplyParameterFromQuery(Name = "model")]
    private string[]? Chosen { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private InferenceService Inference { get; set; } = null!;

    [Inject]
    private InferenceTurns Turns { get; set; } = null!;

    [Inject]
    private PlaygroundModels Models { get; set; } = null!;

    [Inject]
    private PlaygroundSamples Samples { get; set; } = null!;

    [Inject]
    private PlaygroundShelf Shelf { get; set; } = null!;

    [Inject]
    private ThumbReviews Thumbs { get; set; } = null!;

    [Inject]
    private TrainingService Training { get; set; } = null!;

    [Inject]
    private IAuthorizationService Authorization { get; set; } = null!;

    [Inject]
    private DialogService Dialogs { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    private static int MostBytes => ImageLimits.Default.MaxBytes;

    private bool IsAsking => _columns.Exists(column => column.IsAsking);

    private string Question => _question ?? _columns[^1].Model.Question ?? "";

    private bool AskedDifferently =>
        _columns.Select(column => column.Model.Question).Distinct(StringComparer.Ordinal).Skip(1).Any();

    private Ask Asked => new(_question, _system, _settings);

    private string? TrainingRun => Training.All().FirstOrDefault(run => run.State == RunState.Running)?.Id;

    private string QueueText =>
        (IsAsking ? _columns.Max(column => column.Ahead) : Turns.Load.Waiting) switch
        {
            0 => "Queue: nobody ahead of you",
            var ahead => $"Queue: {ahead} ahead of you",
        };

    private string? PictureAddress =>
        _picture is null ? null
        : _picture.FromDataset ? DatasetWords.Picture(_picture.Hash)
        : $"{PlaygroundEndpoints.Path[1..]}/images/{_picture.Hash}";

    private IReadOnlyList<(string Letter, PlaygroundLook Look)> Looks =>
        [
            .. _columns
                .Where(column => column.Sample?.Look is not null)
                .Select(column => (LetterOf(column), column.Sample!.Look!)),
        ];

    protected override async Task OnInitializedAsync()
    {
        _user = (await Authentication).User;
        _models = Models.List();
        var chosen = (Chosen ?? []).Select(id => _models.FirstOrDefault(model => model.Id == id)).OfType<ModelChoice>();
        List<ModelChoice> first = [.. chosen.Distinct().Take(PlaygroundModels.MostAtOnce)];
        _columns.AddRange(
            (first.Count > 0 ? first : PlaygroundModels.Usual(_models)).Select(model => new AnswerColumn(model, Clock))
        );
        _history = Shelf.List(_user);
        if (_columns.Count > 0)
            await LoadSamplesAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        try
        {
            _self = DotNetObjectReference.Create(this);
            _module = await Script.InvokeAsync<IJSObjectReference>("import", $"./{Assets["scripts/playground.js"]}");
            _listener = await _module.InvokeAsync<IJSObjectReference>("start", _self, _root, _chooser, MostBytes);
            StateHasChanged();
        }
        catch (JSDisconnectedException)
        {
            return; // the visitor left while the page came up
        }
        _ = LookRoundAsync();
    }

    public async ValueTask DisposeAsync()
    {
        StopAll();
        await _left.CancelAsync();
        try
        {
            if (_listener is not null)
            {
                await _listener.InvokeVoidAsync("end");
                await _listener.DisposeAsync();
            }
            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The visitor's browser is gone.
        }
        _self?.Dispose();
        _left.Dispose();
    }

    /// <summary>A picture is on its way.</summary>
    [JSInvokable]
    public void Uploading(string name)
    {
        (_uploading, _refused) = (name, null);
        StateHasChanged();
    }

    /// <summary>A picture was not taken.</summary>
    [JSInvokable]
    public void Refuse(string name, string why)
    {
        (_uploading, _refused) = (null, $"{(name.Length > 60 ? name[..60] + "…" : name)} is not taken. {why}");
        StateHasChanged();
    }

    /// <summary>A picture was taken: it is shown and can be asked about.</summary>
    [JSInvokable]
    public void Show(string hash, int width, int height)
    {
        if (Shelf.PathOf(_user, hash) is null || width < 1 || height < 1)
            return;
        Use(new PlaygroundPicture(hash, width, height));
        StateHasChanged();
    }

    /// <summary>Enter in the question.</summary>
    [JSInvokable]
    public async Task SendText(string text)
    {
        SetQuestion(text);
        await SendAsync();
    }

    /// <summary>Escape, or the button.</summary>
    [JSInvokable]
    public void StopAll()
    {
        foreach (var column in _columns)
            column.Stop();
    }

    private Task SendAsync() => RunAsync(_columns);

    /// <summary>Asks these models, paints what they write frame by frame, and keeps it.</summary>
    private async Task RunAsync(IReadOnlyList<AnswerColumn> columns)
    {
        if (IsAsking || _picture is not { } picture || _left.IsCancellationRequested)
            return;
        if (!(await Authorization.AuthorizeAsync((await Authentication).User, InferenceScopes.Use)).Succeeded)
        {
            _refused = "Your account may not ask models any more.";
            return;
        }
        var path = picture.FromDataset ? Samples.PathOf(picture.Hash) : Shelf.PathOf(_user, picture.Hash);
        if (path is null || !File.Exists(path))
        {
            _refused = "The picture is not kept any more; choose it again.";
            return;
        }
        _refused = null;
        var bytes = await File.ReadAllBytesAsync(path, _left.Token);
        var ask = Asked;
        var all = Task.WhenAll(
            columns.ToList().Select(column => column.AskAsync(Inference, _user, ask.To(column.Model, bytes)))
        );
        while (!all.IsCompleted)
        {
            StateHasChanged();
            await Task.WhenAny(all, Task.Delay(Frame, Clock, _left.Token));
        }
        await all;
        if (_left.IsCancellationRequested)
            return;
        Keep(picture, ask);
        StateHasChanged();
    }

    private void Keep(PlaygroundPicture picture, Ask ask)
    {
        if (!_columns.Exists(column => column.Samples.Any(sample => sample.HasText)))
            return;
        _entry = Shelf.Save(
            _user,
            new PlaygroundEntry
            {
                Id = "",
                At = default,
                Picture = picture,
                Question = ask.Question,
                System = ask.System,
                Settings = ask.Settings,
                Answers = [.. _columns.Select(column => column.ToKeep())],
            }
        );
        _history = Shelf.List(_user);
    }

    private async Task Rate(AnswerColumn column, bool good)
    {
        if (_entry is null)
            return;
        column.Good = column.Good == good ? null : good;
        var user = (await Authentication).User;
        column.Thumb = await Thumbs.Rate(user, _entry.Id, _columns.IndexOf(column), column.Good, _left.Token);
        _history = Shelf.List(_user);
    }

    private void Restore(string id)
    {
        if (IsAsking || Shelf.Find(_user, id) is not { } entry)
            return;
        _columns.Clear();
        foreach (var answer in entry.Answers)
        {
            var model =
                _models.FirstOrDefault(one => one.Id == answer.Model)
                ?? new ModelChoice(
                    answer.Model,
                    answer.Model,
                    "not there any more",
                    "",
                    answer.Stage,
                    null,
                    null,
                    [],
                    null
                );
            var column = new AnswerColumn(model, Clock);
            column.Restore(answer);
            _columns.Add(column);
        }
        (_entry, _picture, _refused) = (entry, entry.Picture, null);
        (_question, _system, _settings) = (entry.Question, entry.System, entry.Settings);
    }

    private void Delete(string id)
    {
        Shelf.Delete(_user, id);
        if (_entry?.Id == id)
            _entry = null;
        _history = Shelf.List(_user);
    }

    private async Task Clear()
    {
        var sure = await Dialogs.Confirm(
            "All questions, answers, thumbs and pictures that you brought are gone for good.",
            "Delete your history?",
            new ConfirmOptions { OkButtonText = "Delete", CancelButtonText = "Cancel" }
        );
        if (sure != true)
            return;
        Shelf.Clear(_user);
        (_entry, _history) = (null, []);
        if (_picture is { FromDataset: false })
            _picture = null;
    }

    private void SetQuestion(string? text)
    {
        if (text is not null && text.Trim() != Question)
            _question = text.Trim() is { Length: > 0 } typed ? typed : null;
    }

    private void Use(Sample sample)
    {
        try
        {
            Use(Samples.PictureOf(sample));
        }
        catch (Exception e) when (e is IOException or ImageException)
        {
            _refused = $"{sample.Id} cannot be read. {e.Message}";
        }
    }

    private void Use(PlaygroundPicture picture)
    {
        StopAll();
        (_picture, _uploading, _refused, _entry) = (picture, null, null, null);
        foreach (var column in _columns.Where(column => !column.IsAsking))
            column.Clear();
    }

    private void Change(AnswerColumn column, string id)
    {
        if (_models.FirstOrDefault(model => model.Id == id) is { } model)
            column.Choose(model);
        _entry = null;
    }

    private void Add()
    {
        var model =
            _models.FirstOrDefault(one => _columns.TrueForAll(column => column.Model.Id != one.Id)) ?? _models[0];
        _columns.Add(new AnswerColumn(model, Clock));
        _entry = null;
    }

    private void Remove(AnswerColumn column)
    {
        column.Stop();
        _columns.Remove(column);
        _entry = null;
    }

    private void Toggle(Side side) => _side = _side == side ? Side.None : side;

    private async Task Choose()
    {
        if (_module is not null)
            await _module.InvokeVoidAsync("choose", _chooser);
    }

    private async Task LoadSamplesAsync()
    {
        var (hash, split) = (_columns[^1].Model.DatasetHash, _split);
        try
        {
            _samples = await Task.Run(() => Samples.Of(hash, split));
        }
        catch (Exception e) when (e is DatasetException or IOException)
        {
            _samples = []; // a damaged version is told of on the data sets' page
        }
        _firstSample = 0;
    }

    private void NextSamples() =>
        _firstSample = _firstSample + StripLength < _samples.Count ? _firstSample + StripLength : 0;

    /// <summary>Keeps the line about training and the queue true while nothing else happens.</summary>
    private async Task LookRoundAsync()
    {
        using var timer = new PeriodicTimer(Glance, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                if (_models.Count == 0)
                    _models = Models.List();
                if (_models.Count > 0 && _columns.Count == 0)
                {
                    _columns.AddRange(PlaygroundModels.Usual(_models).Select(model => new AnswerColumn(model, Clock)));
                    await LoadSamplesAsync();
                }
                await InvokeAsync(StateHasChanged);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
    }

    private string LetterOf(AnswerColumn column) => ((char)('A' + _columns.IndexOf(column))).ToString();

    private static string Bool(bool value) => value ? "true" : "false";
}
