using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace CLGRPO.Web.Evaluations;

/// <summary>One evaluation: the paper's table, where two checkpoints differ, and what they wrote.</summary>
public sealed partial class EvaluationPage : ComponentBase, IDisposable
{
    private static readonly IReadOnlyList<(string, string)> Above = [("Evaluation", "evaluations")];
    private readonly CancellationTokenSource _left = new();
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

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    private DateTime Now => Clock.GetUtcNow().UtcDateTime;

    protected override void OnParametersSet()
    {
        Load();
        if (_result is { } result)
            (_first, _second) = (result.Baseline, result.Checkpoints.Count - 1);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            _ = InvokeAsync(Follow);
    }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    private async Task Follow()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (
                _evaluation is { State: EvaluationState.Waiting or EvaluationState.Running }
                && await timer.WaitForNextTickAsync(_left.Token)
            )
            {
                var before = _result?.Checkpoints.Count ?? 0;
                Load();
                // A checkpoint that has just answered is what people want to see, unless they look at others.
                if (_result is { } result && result.Checkpoints.Count > before && _second == Math.Max(0, before - 1))
                    (_first, _second) = (result.Baseline, result.Checkpoints.Count - 1);
                StateHasChanged();
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
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
        _ = InvokeAsync(Follow);
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
