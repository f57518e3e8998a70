using CLGRPO.Data.Runs;
using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Runs;

/// <summary>One run as it goes on.</summary>
public sealed partial class RunPage
{
    private const int PointsOfChart = 600;

    // Those first that say most about whether it learns.
    private static readonly string[] First =
    [
        "reward",
        "loss",
        "kl",
        "entropy",
        "clip_ratio/high_mean",
        "clip_ratio/low_mean",
        "completions/mean_length",
        "reward_std",
        "grad_norm",
        "frac_reward_zero_std",
    ];

    private readonly List<RunEvent> _events = [];
    private RunEventTail? _tail;
    private RunSummary? _run;
    private IReadOnlyList<MetricSeries> _charts = [];
    private IReadOnlyList<RunEvent> _warnings = [];
    private IReadOnlyList<RunAlarm> _alarms = [];
    private string? _chosenStage;
    private double _smoothing = 0.8;
    private bool _log;
    private bool _allCharts;

    // Number of the newest event with which checkpoints come or go.
    private long _saved;

    [Parameter]
    public string Id { get; set; } = "";

    private static IReadOnlyList<(string, string)> Above { get; } = [("Runs", "runs")];

    // The stage in hand, unless another was chosen.
    private string? ChartStage => _chosenStage ?? (_charts.Count > 0 ? _charts[^1].Stage : null);

    private IReadOnlyList<MetricSeries> OfStage => [.. _charts.Where(chart => chart.Stage == ChartStage)];

    protected override bool Concerns(RunSummary run) => run.Id == Id;

    protected override void OnParametersSet()
    {
        if (_run?.Id == Id)
            return;
        (_tail, _chosenStage) = (null, null);
        _events.Clear();
        Load();
    }

    protected override void Load()
    {
        _run = Training.Find(Id);
        if (_run is null || Training.Directory(Id) is not { } directory)
            return;
        _tail ??= new RunEventTail(directory);
        try
        {
            _events.AddRange(_tail.ReadNew());
        }
        catch (InvalidDataException)
        {
            return; // the run's state and reason, which are on the page, say what is damaged
        }
        _charts = [.. MetricSeries.Of(_events, metrics: null, PointsOfChart).OrderBy(StageOrder).ThenBy(MetricOrder)];
        _warnings = [.. _events.Where(item => item.Type is RunEventType.Warning or RunEventType.Error)];
        _alarms = RunAlarms.Of(_run.Metrics);
        _saved = _events.FindLast(item => item.Type is RunEventType.Checkpoint or RunEventType.Evaluation)?.Number ?? 0;
    }

    protected override void LoadState() => _run = Training.Find(Id);

    private int StageOrder(MetricSeries series) => _run!.Stages.ToList().IndexOf(series.Stage);

    private static int MetricOrder(MetricSeries series) =>
        Array.IndexOf(First, series.Metric) is >= 0 and var at ? at : First.Length;

    private void ChooseStage(ChangeEventArgs change) => _chosenStage = change.Value as string;

    private bool IsDone(int at) =>
        _run!.State == RunState.Completed || at < _run.Stages.ToList().IndexOf(_run.Stage ?? "");

    private string StageText(string stage, int at)
    {
        var steps =
            stage == _run!.Stage ? $"{_run.Step:N0} / {_run.Steps:N0} steps"
            : Started(stage)?.Steps is { } all ? $"{all:N0} steps"
            : IsDone(at) ? "done"
            : "to come";
        return Accuracy(stage) is { } accuracy ? $"{steps} · accuracy {RunWords.Share(accuracy)}" : steps;
    }

    private RunEvent? Started(string stage) =>
        _events.FindLast(item => item.Type == RunEventType.Stage && item.Stage == stage);

    private double? Accuracy(string stage) =>
        _events.FindLast(item => item.Type == RunEventType.Evaluation && item.Stage == stage) is { } evaluation
            ? TrackedRun.AccuracyOf(evaluation)
            : null;
}
