using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Construction;

/// <summary>Settings of a construction, with what it would ask and cost beside them.</summary>
public sealed partial class NewConstructionPage : ComponentBase, IDisposable
{
    private const int TrialSamples = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly IReadOnlyList<(string, string)> Above = [("COT construction", "construction")];
    private readonly CancellationTokenSource _left = new();
    private readonly ConstructionDraft _draft = new();
    private IReadOnlyList<DatasetSummary>? _datasets;
    private IReadOnlyList<TeacherView> _teachers = [];
    private IReadOnlyList<PromptTemplate> _prompts = [];
    private ConstructionPlan? _plan;
    private string? _refused;
    private int _changes;
    private bool _planning;
    private bool _busy;

    /// <summary>Name of the data set to begin with.</summary>
    [SupplyParameterFromQuery]
    private string? Dataset { get; set; }

    [Inject]
    private DatasetCatalog Catalog { get; set; } = null!;

    [Inject]
    private TeacherRoom Room { get; set; } = null!;

    [Inject]
    private PromptVersions Prompts { get; set; } = null!;

    [Inject]
    private StoreFactory Store { get; set; } = null!;

    [Inject]
    private ConstructionService Service { get; set; } = null!;

    [Inject]
    private ConstructionActs Acts { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private DatasetSummary Chosen => _datasets!.First(set => set.Name == _draft.Dataset);

    private string DefaultName =>
        $"{_draft.Dataset} by {string.Join(", ", _draft.Generators.DefaultIfEmpty("teachers"))}";

    private bool CanBegin => _plan is { Problems.Count: 0, Samples: > 0 } && !_planning;

    protected override async Task OnInitializedAsync()
    {
        _teachers = await Room.List(_left.Token);
        _prompts = await Prompts.List(_left.Token);
        var datasets = await Catalog.Datasets(_left.Token);
        if (datasets.Count > 0)
            _draft.Dataset = (datasets.FirstOrDefault(set => set.Name == Dataset) ?? datasets[0]).Name;
        // What most people want: whoever can be asked writes, and the others judge it.
        var ready = _teachers.Where(CanAsk).Select(teacher => teacher.Name).ToList();
        _draft.Generators.AddRange(ready);
        if (ready.Count > 1)
            _draft.Verifiers.AddRange(ready);
        _datasets = datasets;
        if (datasets.Count > 0)
            await Plan();
    }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    private static bool CanAsk(TeacherView teacher) => teacher.Enabled;

    private IEnumerable<(string Reference, string Name)> PromptChoices(PromptPurpose purpose)
    {
        foreach (
            var versions in _prompts
                .Where(prompt => prompt.Purpose == purpose)
                .GroupBy(prompt => prompt.Name, StringComparer.Ordinal)
        )
        {
            yield return (versions.Key, $"{versions.Key}, newest (v{versions.First().Version})");
            foreach (var version in versions)
                yield return (
                    $"{version.Name}@{version.Version}",
                    $"{version.Name} v{version.Version}, {version.CreatedBy}"
                );
        }
    }

    private Task Choose(ICollection<string> chosen, string name, bool wanted)
    {
        ConstructionDraft.Set(chosen, name, wanted);
        return Change();
    }

    private Task ChangeDataset()
    {
        _draft.Labels.Clear();
        _draft.Hints.Clear();
        return Change();
    }

    /// <summary>Counts anew a moment after the last change.</summary>
    private async Task Change()
    {
        var change = ++_changes;
        _planning = true;
        try
        {
            await Task.Delay(Pause, _left.Token);
            if (change == _changes)
                await Plan();
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task Plan()
    {
        var change = _changes;
        var plan = await ConstructionPlan.Of(Store, Catalog.Root, _draft.Dataset, _draft.Settings(), _left.Token);
        if (change == _changes)
            (_plan, _planning) = (plan, false);
    }

    private async Task Begin(bool trial)
    {
        if (_busy)
            return;
        _busy = true;
        ConstructionJob? job = null;
        _refused = await Acts.Try(
            ConstructionScopes.Write,
            async person =>
                job = await Service.Begin(
                    _draft.Dataset,
                    _draft.Name.Trim() is { Length: > 0 } name ? name : DefaultName,
                    _draft.Settings(trial ? TrialSamples : null),
                    trial,
                    person,
                    CancellationToken.None
                )
        );
        _busy = false;
        if (job is not null)
            Navigation.NavigateTo($"construction/{job.Id}");
    }
}
