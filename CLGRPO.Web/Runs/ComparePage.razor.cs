using Microsoft.AspNetCore.Components;

namespace CLGRPO.Web.Runs;

/// <summary>Several runs over each other.</summary>
public sealed partial class ComparePage
{
    private const int FirstCharts = 8;
    private const int LongestValue = 28;

    private RunComparison _compared = new([], [], [], []);
    private IReadOnlyList<ChartedRun> _lines = [];
    private string? _stage;
    private string _asked = "";
    private double _smoothing = 0.6;
    private bool _log;
    private bool _all;
    private bool _onlyDifferences = true;

    [SupplyParameterFromQuery]
    private string? Ids { get; set; }

    [Inject]
    private RunComparer Comparer { get; set; } = null!;

    [Inject]
    private RunHistories Histories { get; set; } = null!;

    private static IReadOnlyList<(string, string)> Above { get; } = [("Runs", "runs")];

    private int Differing => _compared.Settings.Count(setting => setting.Differs);

    private IReadOnlyList<ChartPlan> Plans =>
        ChartPlans.OneByOne([
            .. _compared
                .Stages.Where(stage => _stage is null || stage.Name == _stage)
                .SelectMany(stage => stage.Metrics)
                .Distinct(StringComparer.Ordinal),
        ]);

    private RenderFragment Heads =>
        builder =>
        {
            for (var at = 0; at < _compared.Runs.Count; at++)
            {
                builder.OpenElement(0, "th");
                builder.AddAttribute(1, "scope", "col");
                builder.AddAttribute(2, "class", "right");
                builder.OpenElement(3, "span");
                builder.AddAttribute(4, "class", $"key colour-{at % 6}");
                builder.CloseElement();
                builder.AddContent(5, _compared.Runs[at].Id);
                builder.CloseElement();
            }
        };

    /// <summary>Where some runs are compared.</summary>
    public static string AddressOf(IEnumerable<string> ids) =>
        $"runs/compare?ids={string.Join(',', ids.Select(Uri.EscapeDataString))}";

    protected override bool Concerns(RunSummary run) => _compared.Runs.Any(known => known.Id == run.Id);

    protected override void OnParametersSet()
    {
        if (_asked == Ids)
            return;
        _asked = Ids ?? "";
        Load();
        // What the newest step of any belongs to is what one comes to see.
        _stage = _compared.Stages.Count > 0 ? _compared.Stages[^1].Name : null;
    }

    protected override void Load()
    {
        _compared = Comparer.Compare(_asked.Split(',', StringSplitOptions.RemoveEmptyEntries));
        _lines = [.. _compared.Runs.Select(Line)];
    }

    private ChartedRun Line(RunSummary run, int index) =>
        Histories.Of(Training.Directory(run.Id)!).Read(history => history.Charted(run.Id, index));

    private static string Short(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";

    private static string ResultText(string name, double? value) =>
        name == "train_seconds"
            ? value is { } seconds
                ? RunWords.Span(seconds)
                : "–"
            : name.StartsWith("test_", StringComparison.Ordinal) || name.StartsWith("eval_", StringComparison.Ordinal)
                ? RunWords.Share(value)
                : RunWords.Number(value);
}
