using CLGRPO.Web.Components;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace CLGRPO.Web.Runs;

/// <summary>All runs. What is chosen stands in the address, so a choice can be kept and sent on.</summary>
public sealed partial class RunsPage
{
    private const int Step = 100;
    private static readonly Dictionary<string, RunState> States = Enum.GetValues<RunState>()
        .ToDictionary(RunWords.Of, StringComparer.Ordinal);

    private readonly List<string> _chosen = [];
    private IReadOnlyList<RunSummary> _runs = [];
    private RunOrder _order = RunOrder.Started;
    private int _most = Step;
    private string? _me;

    private enum RunView
    {
        All,
        Active,
        Mine,
        Failed,
        Archived,
    }

    private enum RunOrder
    {
        Started,
        Accuracy,
        Duration,
    }

    [SupplyParameterFromQuery]
    private string? View { get; set; }

    [SupplyParameterFromQuery]
    private string? State { get; set; }

    [SupplyParameterFromQuery]
    private string? Tag { get; set; }

    [SupplyParameterFromQuery]
    private string? By { get; set; }

    [SupplyParameterFromQuery]
    private string? Text { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private RunView Shown => Enum.TryParse<RunView>(View, ignoreCase: true, out var view) ? view : RunView.All;

    private IReadOnlyList<(string, string?)> Filter =>
        [
            ("view", Shown == RunView.All ? null : Shown.ToString().ToLowerInvariant()),
            ("state", State),
            ("tag", Tag),
            ("by", By),
            ("text", Text),
        ];

    private IReadOnlyList<ViewTabs.Tab> Views =>
        [
            .. Enum.GetValues<RunView>()
                .Select(view => new ViewTabs.Tab(
                    NameOf(view),
                    AddressOf(view),
                    _runs.Count(run => Belongs(run, view)),
                    view == Shown
                )),
        ];

    private IReadOnlyList<RunSummary> Fitting
    {
        get
        {
            var filter = new RunFilter(
                States.TryGetValue(State ?? "", out var state) ? state : null,
                Known(Tag),
                Known(By),
                Text
            )
            {
                Archived = Shown == RunView.Archived,
            };
            var fitting = _runs.Where(run => Belongs(run, Shown)).Where(filter.Fits);
            return
            [
                .. _order switch
                {
                    RunOrder.Accuracy => fitting.OrderByDescending(run => run.Accuracy ?? -1),
                    RunOrder.Duration => fitting.OrderByDescending(run => RunWords.Duration(run, Now) ?? -1),
                    _ => fitting, // newest first, as they come
                },
            ];
        }
    }

    protected override async Task OnInitializedAsync()
    {
        _me = (await Authentication).User.Identity?.Name;
        Load();
    }

    // What is chosen can be seen.
    protected override void OnParametersSet() =>
        _chosen.RemoveAll(id => _runs.Any(run => run.Id == id && !Belongs(run, Shown)));

    protected override void Load()
    {
        _runs = Training.All();
        _chosen.RemoveAll(id => _runs.All(run => run.Id != id));
    }

    private static string? Known(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private bool Belongs(RunSummary run, RunView view) =>
        (run.Archived == (view == RunView.Archived))
        && view switch
        {
            RunView.Active => RunWords.IsActive(run.State),
            RunView.Mine => run.By is not null && run.By == _me,
            RunView.Failed => run.IsStuck || run.State is RunState.Failed or RunState.Crashed,
            _ => true,
        };

    private static string NameOf(RunView view) =>
        view switch
        {
            RunView.Active => "Running and waiting",
            RunView.Failed => "Failed or stuck",
            _ => view.ToString(),
        };

    private static string AddressOf(RunView view) =>
        view == RunView.All ? "runs" : $"runs?view={view.ToString().ToLowerInvariant()}";

    private string? SortOf(RunOrder order) => order == _order ? "descending" : null;

    private void Choose(string name, ChangeEventArgs change) => Choose(name, change.Value as string);

    private void Type(string? text) => Choose("text", text);

    private void Choose(string name, string? value) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, Known(value)), replace: true);

    // What was put away or brought back is in another view now.
    private void Dealt()
    {
        Load();
        OnParametersSet();
    }

    private void Toggle(string id)
    {
        if (!_chosen.Remove(id) && _chosen.Count < RunComparison.Most)
            _chosen.Add(id);
    }
}
