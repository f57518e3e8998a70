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

namespace CLGRPO.Web.Playground;

/// <summary>A picture shown to models side by side.</summary>
public sealed partial class PlaygroundPage
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(50);
    private readonly List<AnswerColumn> _columns = [];
    private IReadOnlyList<ModelChoice> _models = [];
    private ClaimsPrincipal _user = new();
    private PlaygroundSettings _settings = new();
    private PlaygroundPicture? _picture;
    private string? _question;
    private string? _system;
    private string? _uploading;
    private string? _refused;
    private bool _fold = true;
    private Side _side = Side.Settings;
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

    /// <summary>A data set's picture to begin with, by its hash: <c>?picture=…</c>.</summary>
    [SupplyParameterFromQuery(Name = "picture")]
    private string? Brought { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private InferenceService Inference { get; set; } = null!;

    [Inject]
    private PlaygroundModels Models { get; set; } = null!;

    [Inject]
    private PlaygroundSamples Samples { get; set; } = null!;

    [Inject]
    private PlaygroundShelf Shelf { get; set; } = null!;

    [Inject]
    private TrainingService Training { get; set; } = null!;

    [Inject]
    private IAuthorizationService Authorization { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    private static int MostBytes => ImageLimits.Default.MaxBytes;

    private bool IsAsking => _columns.Exists(column => column.IsAsking);

    private string Question => _question ?? _columns[^1].Model.Question ?? "";

    private bool AskedDifferently =>
        _columns.Select(column => column.Model.Question).Distinct(StringComparer.Ordinal).Skip(1).Any();

    private Ask Asked => new(_question, _system, _settings);

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
        if (Brought is not null && _columns.Count > 0)
            await UseAsync(Brought);
    }

    /// <summary>While there is no model: looks for the first.</summary>
    protected override Task<bool> LookAsync()
    {
        if (_columns.Count > 0 || (_models = Models.List()).Count == 0)
            return Task.FromResult(false);
        _columns.AddRange(PlaygroundModels.Usual(_models).Select(model => new AnswerColumn(model, Clock)));
        return Task.FromResult(true);
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
            // The visitor left while the page came up.
        }
    }

    protected override async ValueTask LeaveAsync()
    {
        StopAll();
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
        if (IsAsking || _picture is not { } picture || Left.IsCancellationRequested)
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
        var bytes = await File.ReadAllBytesAsync(path, Left);
        var ask = Asked;
        var all = Task.WhenAll(
            columns.ToList().Select(column => column.AskAsync(Inference, _user, ask.To(column.Model, bytes)))
        );
        while (!all.IsCompleted)
        {
            StateHasChanged();
            await Task.WhenAny(all, Task.Delay(Frame, Clock, Left));
        }
        await all;
        if (Left.IsCancellationRequested)
            return;
        Keep(picture, ask);
        StateHasChanged();
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
            Use(Samples.PictureOf(sample.Image, sample.Label));
        }
        catch (Exception e) when (e is IOException or ImageException)
        {
            _refused = $"{sample.Id} cannot be read. {e.Message}";
        }
    }

    private async Task UseAsync(string hash)
    {
        try
        {
            Use(await Samples.FindAsync(hash, Left));
        }
        catch (Exception e) when (e is IOException or ImageException or ArgumentException)
        {
            _refused = "The picture of this link is not there; choose another.";
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

    private string LetterOf(AnswerColumn column) => ((char)('A' + _columns.IndexOf(column))).ToString();

    private static string Bool(bool value) => value ? "true" : "false";
}
