using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Runs;

/// <summary>One run as it goes on.</summary>
public sealed partial class RunPage
{
    private const int FirstCharts = 6;

    private RunSummary? _run;
    private RunDirectory? _directory;
    private Recipe? _recipe;
    private IReadOnlyList<StageStanding> _stages = [];
    private IReadOnlyList<ChartedRun> _lines = [];
    private IReadOnlyList<RunWarningReport> _warnings = [];
    private (string? Stage, bool Chosen) _shown;
    private long _saved; // number of the newest event with which checkpoints come or go
    private double? _tokens;
    private double _smoothing = 0.8;
    private bool _log;
    private bool _all;

    [Parameter]
    public string Id { get; set; } = "";

    [Inject]
    private RunHistories Histories { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private static IReadOnlyList<(string, string)> Above { get; } = [("Runs", "runs")];

    // The newest stage that has values, unless another was chosen.
    private string? ChartStage =>
        _shown.Chosen ? _shown.Stage : _stages.LastOrDefault(stage => stage.Metrics.Count > 0)?.Name;

    private IReadOnlyList<ChartPlan> Plans =>
        ChartPlans.Of(
            [
                .. _stages
                    .Where(stage => ChartStage is null || stage.Name == ChartStage)
                    .SelectMany(stage => stage.Metrics)
                    .Where(metric => !metric.StartsWith("test_", StringComparison.Ordinal))
                    .Distinct(StringComparer.Ordinal),
            ],
            _recipe?.Stages.FirstOrDefault(stage => stage.Name == ChartStage)
        );

    // What the run goes on from when it is resumed.
    private string? Newest => _directory is null ? null : RunCheckpoints.NewestName(_directory);

    protected override bool Concerns(RunSummary run) => run.Id == Id;

    protected override void OnParametersSet()
    {
        if (_run?.Id == Id)
            return;
        _shown = default;
        Load();
    }

    protected override void LoadState() => _run = Training.Find(Id);

    protected override void Load()
    {
        (_run, _directory, _recipe) = (Training.Find(Id), Training.Directory(Id), Training.Recipe(Id));
        if (_run is null || _directory is null)
            return;
        var ledger = new StageLedger(_directory);
        Histories
            .Of(_directory)
            .Read(history =>
            {
                _stages = _recipe is null ? [] : RunStages.Of(_run, _recipe, ledger, history);
                _lines = [history.Charted(Id, index: 0)];
                _warnings = RunWarningReport.Of(_run, history.Warnings, history.Spells, Training.Muted(Id));
                _saved = history.Saved;
                return _tokens = history.Find(_run.Stage ?? "")?.Tokens;
            });
    }

    // A run that was deleted leaves its page.
    private void Changed()
    {
        if (Training.Find(Id) is null)
            Navigation.NavigateTo("runs");
        else
            Show();
    }

    private void ChooseStage(string? stage) => _shown = (stage, true);
}
