using CLGRPO.Data.Runs;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Components;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.Extensions.Options;
using Radzen;

namespace CLGRPO.Web.Recipes;

/// <summary>A recipe as a form: a preset, a saved version, or what a run was begun with. Saving makes a version of one's own.</summary>
public sealed partial class RecipePage : ComponentBase, IDisposable
{
    private const int ShownRuns = 20;
    private static readonly IReadOnlyList<(string Name, string Address)> Above = [("Recipes", "recipes")];

    private readonly CancellationTokenSource _left = new();
    private RecipeEditor? _editor;
    private string _title = "";
    private string? _loaded; // the reference on the screen
    private IReadOnlyList<SavedRecipe> _versions = [];
    private IReadOnlyList<string> _datasets = [];
    private SavedRecipe? _saved; // the version that the screen goes on from
    private bool _isCopy;
    private int? _samples;
    private Panel _panel;
    private string _note = "";
    private string _runNote = "";
    private int _priority;
    private int _gpuGB;
    private bool _busy;
    private bool _planning;
    private string? _planFault;

    private enum Panel
    {
        None,
        Save,
        Start,
        Versions,
    }

    [Parameter]
    public string? Preset { get; set; }

    [Parameter]
    public string? Own { get; set; }

    [Parameter]
    public string? Run { get; set; }

    [SupplyParameterFromQuery(Name = "version")]
    public int? Version { get; set; }

    /// <summary>The stage on the screen, from 1.</summary>
    [SupplyParameterFromQuery(Name = "stage")]
    public int? StageNumber { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private RecipeShelf Shelf { get; set; } = null!;

    [Inject]
    private RecipePlans Plans { get; set; } = null!;

    [Inject]
    private Audit Audit { get; set; } = null!;

    [Inject]
    private TrainingService Training { get; set; } = null!;

    [Inject]
    private IOptions<TrainingOptions> Options { get; set; } = null!;

    [Inject]
    private IAuthorizationService Authorization { get; set; } = null!;

    [Inject]
    private NotificationService Notifications { get; set; } = null!;

    [Inject]
    private DialogService Dialogs { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    public bool CanSave => _editor is { } editor && (editor.IsChanged || _saved is null || _isCopy);

    public bool CanStart => _editor is { CanStart: true } && !_busy;

    public bool CanPlan => _editor is { CanStart: true } && !_planning;

    public string SavedWhen =>
        _editor is null ? ""
        : _editor.IsChanged ? "not saved"
        : _saved is { } saved ? $"saved {Ago.Past(saved.At.UtcDateTime, Now)}"
        : "";

    private DateTime Now => Clock.GetUtcNow().UtcDateTime;

    private int? At =>
        StageNumber is > 0 and var number && number <= _editor?.Form.Recipe.Stages.Count ? number - 1 : null;

    private Stage? Stage => At is { } at ? _editor!.Form.Recipe.Stages[at] : null;

    private IEnumerable<RecipeField> Fields => _editor!.Form.Fields.Where(setting => setting.Stage == At);

    /// <summary>The settings on the screen, in sections; those without a guide have none to stand in.</summary>
    private IEnumerable<(string Name, string Text, IReadOnlyList<RecipeField> Fields)> Sections
    {
        get
        {
            var fields = Fields.ToLookup(
                setting => setting.Kind == FieldKind.List ? "Rewards" : setting.Guide.Section,
                StringComparer.Ordinal
            );
            return SettingGuide
                .Sections.Where(section => fields[section.Name].Any())
                .Select(section => (section.Name, section.Text, (IReadOnlyList<RecipeField>)[.. fields[section.Name]]))
                .Where(section => At is not null || section.Name != "Rewards");
        }
    }

    /// <summary>What is wrong elsewhere than on the screen.</summary>
    private IReadOnlyList<RecipeError> Away =>
        [
            .. _editor!.Problems.Where(error =>
                RecipeWords.StageOf(error.Path) != At || _editor.Form.Find(error.Path) is null
            ),
        ];

    private IReadOnlyList<Consequence> Computed =>
        Stage is { } stage ? Consequences.Of(stage, _samples) : Consequences.Of(_editor!.Form.Recipe, _samples);

    private string Edition =>
        _isCopy ? "a copy, not saved"
        : Own is not null && _saved is { } saved ? $"v{saved.Version}{(_editor!.IsChanged ? ", changed" : "")}"
        : Run is not null ? "of a run"
        : "preset";

    private string BaseName => RecipeWords.OfReference(_editor?.Base?.Reference);

    private IReadOnlyList<(string Reference, string Name)> Comparable =>
        [
            .. Shelf.Presets.Select(preset => (RecipeShelf.ReferenceOfPreset(preset.Name), $"preset {preset.Name}")),
            .. _versions.Select(version => (RecipeShelf.ReferenceOf(version), $"version {version.Version}")),
            .. Training.Listed().Take(ShownRuns).Select(run => (RecipeShelf.ReferenceOfRun(run.Id), $"run {run.Id}")),
        ];

    private string Subtitle =>
        Stage is { } stage ? RecipeWords.Describe(stage)
        : Run is not null ? $"The recipe that run {Run} was begun with."
        : $"{_editor!.Form.Recipe.Stages.Count} stages on {_editor.Form.Recipe.Dataset}, begun with {_editor.Form.Recipe.Model.Path ?? $"a {_editor.Form.Recipe.Model.Preset} model"}.";

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    protected override void OnParametersSet()
    {
        var reference =
            Preset is not null ? RecipeShelf.ReferenceOfPreset(Preset)
            : Run is not null ? RecipeShelf.ReferenceOfRun(Run)
            : $"recipe:{Own}{(Version is null ? "" : $"@{Version}")}";
        if (reference == _loaded)
            return; // another stage of the same
        _loaded = reference;
        Load(reference);
    }

    private void Load(string reference)
    {
        var found = Shelf.Find(reference);
        _title = Preset ?? Own ?? Run ?? "";
        (_saved, _isCopy, _panel, _planFault) = (null, false, Panel.None, null);
        if (found is null)
        {
            _editor = null;
            return;
        }
        _editor = new RecipeEditor(found.Recipe, Options.Value);
        _versions = Shelf.Versions(found.Recipe.Name);
        _saved = Own is null ? null : _versions.FirstOrDefault(one => RecipeShelf.ReferenceOf(one) == found.Reference);
        _editor.CompareWith(Shelf.Find(_saved?.BasedOn ?? "") ?? found);
        _datasets = Plans.Datasets;
        _samples = Plans.TrainSamples(found.Recipe.Dataset);
    }

    private void Changed()
    {
        if (_editor!.Form.Recipe.Dataset is var dataset)
            _samples = Plans.TrainSamples(dataset);
        _planFault = null;
    }

    private void Do(Action change)
    {
        _editor!.Change(change);
        Changed();
    }

    public void ToggleVersions() => Toggle(Panel.Versions);

    public void ToggleSave() => Toggle(Panel.Save);

    public void ToggleStart()
    {
        Toggle(Panel.Start);
        _runNote = _saved is { } saved ? $"{saved.Name} v{saved.Version}{(_editor!.IsChanged ? ", changed" : "")}" : "";
    }

    private void Toggle(Panel panel)
    {
        _panel = _panel == panel ? Panel.None : panel;
        StateHasChanged();
    }

    /// <summary>Goes on with a recipe of another name, which the next save makes.</summary>
    public void Clone()
    {
        var free = Shelf.FreeName(_editor!.Form.Recipe.Name);
        var origin = _saved is { } saved ? Shelf.Find(RecipeShelf.ReferenceOf(saved)) : Shelf.Find(_loaded!);
        _editor.CompareWith(origin);
        (_isCopy, _panel) = (true, Panel.Save);
        Do(() => _editor.Form.Set("name", free));
        StateHasChanged();
    }

    public async Task DryRun()
    {
        if (!CanPlan)
            return;
        var recipe = _editor!.Form.Recipe;
        (_planning, _planFault) = (true, null);
        StateHasChanged();
        try
        {
            var plan = await Plans.Plan(recipe, _gpuGB == 0 ? null : _gpuGB, _left.Token);
            if (recipe == _editor.Form.Recipe)
                _editor.Planned(plan);
        }
        catch (PlanException e)
        {
            _planFault = e.Message;
        }
        catch (OperationCanceledException)
        {
            return; // the page was left
        }
        finally
        {
            _planning = false;
        }
        StateHasChanged();
    }

    private Task ChooseMachine(int gpuGB)
    {
        _gpuGB = gpuGB;
        return DryRun();
    }

    private void Compare(string reference)
    {
        if (Shelf.Find(reference) is { } found)
            _editor!.CompareWith(found);
    }

    private async Task Save()
    {
        if (_busy || !await May(RecipeScopes.Write, "save recipes"))
            return;
        _busy = true;
        try
        {
            var form = _editor!.Form;
            var isNew = _saved is null || _saved.Name != form.Recipe.Name;
            var by = (await Authentication).User.Identity?.Name ?? "?";
            var basedOn = _isCopy || _saved is null ? _editor.Base?.Reference : _saved.BasedOn;
            var saved = Shelf.Save(form.Yaml, by, _note, basedOn, isNew ? 0 : _versions[0].Version);
            _editor.Saved();
            (_saved, _isCopy, _panel, _note) = (saved, false, Panel.None, "");
            _versions = Shelf.Versions(saved.Name);
            Notifications.Notify(NotificationSeverity.Success, $"Version {saved.Version} of {saved.Name} is saved.");
            if (Own != saved.Name || Version is not null)
            {
                _loaded = $"recipe:{saved.Name}"; // what is on the screen stays on it
                _title = saved.Name;
                Navigation.NavigateTo(
                    $"recipes/own/{Uri.EscapeDataString(saved.Name)}{(StageNumber is null ? "" : $"?stage={StageNumber}")}"
                );
            }
        }
        catch (Exception e) when (e is RecipeException or RecipeConflictException)
        {
            Refuse(e.Message);
        }
        finally
        {
            _busy = false;
        }
    }

    private async Task Start()
    {
        // A second click finds the first one busy; after it the page is left.
        if (_busy || !await May(RunScopes.Write, "start runs"))
            return;
        _busy = true;
        try
        {
            var recipe = RunRecipe.Parse(_editor!.Form.Yaml, Options.Value);
            var card = new RunCard
            {
                By = (await Authentication).User.Identity?.Name,
                Note = _runNote.Length > 0 ? _runNote : null,
                Priority = Math.Clamp(_priority, -100, 100),
            };
            var run = Training.Create(RunRecipe.IdOf(recipe, Clock.GetUtcNow()), recipe.ToYaml(), card);
            await Audit.Write(card.By!, "run.start", $"run:{run.Id}", recipe.Name, CancellationToken.None);
            _panel = Panel.None;
            Navigation.NavigateTo($"runs/{Uri.EscapeDataString(run.Id)}");
        }
        catch (RecipeException e)
        {
            Refuse(e.Message);
            _busy = false;
        }
    }

    private void Refuse(string why) => Notifications.Notify(NotificationSeverity.Error, why, duration: 10_000);

    private async Task<bool> May(string policy, string what)
    {
        if ((await Authorization.AuthorizeAsync((await Authentication).User, policy)).Succeeded)
            return true;
        Refuse($"Researchers and admins {what}; your account does not.");
        return false;
    }

    private async Task AskToLeave(LocationChangingContext leaving)
    {
        var target = Navigation.ToAbsoluteUri(leaving.TargetLocation).AbsolutePath;
        var here = new Uri(Navigation.Uri).AbsolutePath;
        if (_editor is not { IsChanged: true } || _busy || target == here)
            return;
        var sure = await Dialogs.Confirm(
            "What you changed is not saved and would be lost.",
            "Leave this recipe?",
            new ConfirmOptions { OkButtonText = "Leave", CancelButtonText = "Stay" }
        );
        if (sure != true)
            leaving.PreventNavigation();
    }

    private void CopyStage()
    {
        Do(() => _editor!.Form.CopyStage(At!.Value));
        Navigation.NavigateTo(Address(At + 1));
    }

    private void RemoveStage()
    {
        var at = At!.Value;
        Navigation.NavigateTo(Address(at > 0 ? at - 1 : null));
        Do(() => _editor!.Form.RemoveStage(at));
    }

    private void AddReward() =>
        Do(() =>
            _editor!.Form.AddReward(
                At!.Value,
                RewardRegistry
                    .Names.Except(Stage!.Grpo!.Rewards.Select(reward => reward.Name), StringComparer.Ordinal)
                    .FirstOrDefault()
                    ?? RewardRegistry.Names.First()
            )
        );

    private void Go(string? stage) => Navigation.NavigateTo(Address(int.TryParse(stage, out var at) ? at : null));

    /// <summary>The same recipe with another stage on the screen.</summary>
    private string Address(int? stage) => Navigation.GetUriWithQueryParameter("stage", stage + 1).Split('#')[0];

    private string AddressOf(RecipeError error) =>
        $"{Address(RecipeWords.StageOf(error.Path))}#row-{FieldRow.IdOf(error.Path)}";
}
