using CLGRPO.Web.Accounts;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Home;

/// <summary>What the lab has, and what to do next.</summary>
public sealed partial class HomePage
{
    private LabFigures? _lab;
    private DateTime _now;
    private (long Used, long Total) _memory;
    private long _diskFree;
    private long _diskTotal;

    protected override TimeSpan Every => TimeSpan.FromSeconds(15);

    protected override Task OnInitializedAsync() => Refresh();

    protected override async Task<bool> LookAsync()
    {
        await Refresh();
        return true;
    }

    private async Task Refresh()
    {
        _lab = await Lab.Read(Left);
        _now = Now;
        _memory = Machine.Memory();
        _diskFree = Machine.FreeDiskBytes(Site.Value.RunsPath);
        _diskTotal = Machine.DiskBytes(Site.Value.RunsPath);
    }

    private string Title(LabFigures lab) =>
        Going is not null ? "A small model is learning to reason"
        : lab.Runs.Count > 0 ? "The lab at a glance"
        : lab.Datasets.Count > 0 ? "The data is there; the first run is next"
        : "Welcome to the lab";

    private string Lead(LabFigures lab) =>
        Going is not null
            ? "The demonstration began when the site first started. Nothing was downloaded; everything below is on this machine."
        : lab.Runs.Count > 0 ? "Everything below is on this machine."
        : "A vision-language model learns to reason about emotions in pictures, in four stages, on this machine.";

    // The demonstration, while it goes on.
    private RunSummary? Going =>
        Training
            .Listed()
            .FirstOrDefault(run => GoingRunCard.IsGoing(run) && run.Tags.Contains(DemoRun.Tag, StringComparer.Ordinal));

    private static string Names(IEnumerable<string> names) =>
        string.Join(", ", names) is { Length: > 0 } text ? text : "none yet";

    private static string GiB(long bytes) => (bytes / (double)(1L << 30)).ToString("0.0");

    private IReadOnlyList<Step> Steps(LabFigures lab) =>
        [
            new(
                "Bring pictures",
                "A folder or an archive with labels; a report names every row that does not fit.",
                "data",
                lab.Datasets.Count > 0
            )
            {
                Command = "bin/clgrpo data import <folder>",
            },
            new(
                "Train a small model",
                "The demonstration: a model of few parameters learns in four stages, on two processor cores.",
                "run",
                lab.Runs.Count > 0
            )
            {
                Command = "make demo",
            },
            new("Get the first checkpoint", RunWords.FirstCheckpoint(Training.Listed()), "check", lab.Checkpoints > 0)
            {
                Address = lab.Runs.Count > 0 ? "runs" : null,
                Action = "Open runs",
                Policy = RunScopes.Read,
            },
            new("Invite the lab", "Researchers start runs, annotators judge, viewers watch.", "user", Done: false)
            {
                Address = "admin",
                Action = "Invite",
            },
        ];

    private Step? Current(LabFigures lab) => Steps(lab).FirstOrDefault(step => !step.Done);

    private sealed record Step(string Name, string Text, string Icon, bool Done)
    {
        public string? Command { get; init; }
        public string? Address { get; init; }
        public string? Action { get; init; }

        /// <summary>Who is offered the action.</summary>
        public string Policy { get; init; } = Policies.Admin;
    }
}
