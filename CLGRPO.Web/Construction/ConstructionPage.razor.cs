using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.AspNetCore.Components;
using Radzen;

namespace CLGRPO.Web.Construction;

/// <summary>One construction as it goes on.</summary>
public sealed partial class ConstructionPage
{
    private static readonly IReadOnlyList<(string, string)> Above = [("COT construction", "construction")];
    private ConstructionSummary? _job;
    private ConstructionInsight? _insight;
    private IReadOnlyList<DeskStanding> _desks = [];
    private IReadOnlyList<StoredTeacher> _teachers = [];
    private IReadOnlyList<TeacherView> _asked = [];
    private IReadOnlyList<PromptTemplate> _prompts = [];
    private double? _budget;
    private bool _missing;
    private bool _busy;

    [Parameter]
    public long Id { get; set; }

    [Inject]
    private ConstructionBoard Board { get; set; } = null!;

    [Inject]
    private TeacherRoom Room { get; set; } = null!;

    [Inject]
    private PromptVersions Prompts { get; set; } = null!;

    [Inject]
    private ConstructionActs Acts { get; set; } = null!;

    [Inject]
    private DialogService Dialogs { get; set; } = null!;

    protected override bool IsActive => _job is { } job && ConstructionWords.IsActive(job.State);

    /// <summary>What the prompt of the construction is tried against.</summary>
    private string NewestPrompt =>
        _prompts.FirstOrDefault(prompt => prompt.Name == _job!.Settings.GeneratePrompt.Split('@')[0]) is { } newest
            ? $"{newest.Name}@{newest.Version}"
            : _job!.Settings.GeneratePrompt;

    private bool OverBudget => _job is { Settings.Budget: { } budget } job && job.Cost >= budget;

    /// <summary>What the construction may cost: its own budget, else that of its teachers together where all have one.</summary>
    private double? BudgetOfAll
    {
        get
        {
            if (_job!.Settings.Budget is { } own)
                return own;
            var budgets = _teachers
                .Where(teacher => teacher.Kind != TeacherKind.Rule)
                .Select(teacher => teacher.Budget)
                .ToList();
            return budgets.Count > 0 && budgets.TrueForAll(budget => budget is not null) ? budgets.Sum() : null;
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_job is not null && _job.Id != Id)
            await Load(Left);
    }

    protected override async Task Load(CancellationToken stop)
    {
        _job = await Board.Find(Id, stop);
        _missing = _job is null;
        if (_job is null)
            return;
        _insight = await Board.Insight(Id, stop);
        _desks = Service.Standings(Id);
        HashSet<string> names = [.. _job.Settings.Generators, .. _job.Settings.Verifiers];
        if (_prompts.Count == 0)
        {
            _prompts = [.. (await Prompts.List(stop)).Where(prompt => prompt.Purpose == PromptPurpose.Generate)];
            _asked = [.. (await Room.List(stop)).Where(teacher => names.Contains(teacher.Name))];
        }
        _teachers = [.. (await Room.Registry.List(stop)).Where(teacher => names.Contains(teacher.Name))];
    }

    private Task Pause() => Act(person => Service.Pause(Id, person, CancellationToken.None));

    private Task Resume(double? budget) => Act(person => Service.Resume(Id, budget, person, CancellationToken.None));

    private async Task Cancel()
    {
        var sure = await Dialogs.Confirm(
            "It ends for good. What it accepted stays, and so does what it cost.",
            "Cancel the construction?",
            new ConfirmOptions { OkButtonText = "Cancel the construction", CancelButtonText = "Let it go on" }
        );
        if (sure == true)
            await Act(person => Service.Cancel(Id, person, CancellationToken.None));
    }

    private async Task Act(Func<string, Task> act)
    {
        if (_busy)
            return;
        _busy = true;
        await Acts.Do(ConstructionScopes.Write, act);
        _busy = false;
        await Show();
    }
}
