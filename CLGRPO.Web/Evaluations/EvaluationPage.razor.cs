using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace CLGRPO.Web.Evaluations;

/// <summary>One evaluation: the paper's table, where two checkpoints differ, and what they wrote.</summary>
public sealed partial class EvaluationPage
{
    private static readonly IReadOnlyList<(string, string)> Above = [("Evaluation", "evaluations")];
    private EvaluationSummary? _evaluation;
    private EvaluationResult? _result;
    private string? _fault;
    private int _first; // compared as A
    private int _second; // compared as B
    private bool _deleting;

    [Parameter]
    public string Id { get; set; } = "";

    [Inject]
    private EvaluationService Evaluations { get; set; } = null!;

    [Inject]
    private EvaluationResults Results { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private AuthenticationStateProvider Who { get; set; } = null!;

    [Inject]
    private IAuthorizationService May { get; set; } = null!;

    protected override TimeSpan Every => TimeSpan.FromSeconds(1);

    protected override void OnParametersSet()
    {
        Load();
        if (_result is { } result)
            (_first, _second) = (result.Baseline, result.Newest);
    }

    protected override Task<bool> LookAsync()
    {
        if (_evaluation is not { State: EvaluationState.Waiting or EvaluationState.Running })
            return Task.FromResult(false);
        var (count, newest) = (_result?.Rows.Count ?? 0, _result?.Newest ?? 0);
        Load();
        // A stage that has just answered is what people want to see, unless they look at others.
        if (_result is { } result && result.Rows.Count > count && _second == newest)
            (_first, _second) = (result.Baseline, result.Newest);
        return Task.FromResult(true);
    }

    private void Load()
    {
        _evaluation = Evaluations.Find(Id);
        try
        {
            _result = Results.Of(Id);
        }
        catch (InvalidDataException e)
        {
            _fault = e.Message;
        }
    }

    private async Task Retry()
    {
        if (!await MayWrite())
            return;
        _evaluation = Evaluations.Retry(Id);
    }

    private async Task Delete()
    {
        if (!_deleting)
        {
            _deleting = true;
            return;
        }
        if (!await MayWrite())
            return;
        Evaluations.Delete(Id);
        Navigation.NavigateTo("evaluations");
    }

    private async Task<bool> MayWrite() =>
        (await May.AuthorizeAsync((await Who.GetAuthenticationStateAsync()).User, EvaluationScopes.Write)).Succeeded;
}
