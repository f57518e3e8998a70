namespace CLGRPO.Data.Runs;

/// <summary>Steps over which a rule held, but for gaps that are too short to count.</summary>
/// <param name="FirstStep">The first that showed it.</param>
/// <param name="LastStep">The newest that showed it.</param>
/// <param name="IsOver">It has not been shown for <see cref="RunWarningWatch.ClearSteps"/>.</param>
public sealed record RunWarningSpell(RunWarningRule Rule, int FirstStep, int LastStep, bool IsOver);

/// <summary>
/// Follows a stage step by step and finds the spells of each rule. A figure that swings around its limit makes one spell, not
/// one for each swing: trainer and site both count so.
/// </summary>
public sealed class RunWarningWatch
{
    /// <summary>Steps in a row without its cause after which a spell is over, and the rule may warn again.</summary>
    public const int ClearSteps = 20;

    private readonly List<RunWarningSpell> _spells = [];
    private readonly int[] _held = new int[RunWarningRule.All.Count]; // steps in a row, up to now
    private readonly int?[] _open = new int?[RunWarningRule.All.Count]; // places in _spells

    /// <summary>All spells, in the order in which they were found.</summary>
    public IReadOnlyList<RunWarningSpell> Spells => _spells;

    /// <returns>What to tell about this step: each spell is told of once, when it has lasted long enough.</returns>
    public IReadOnlyList<RunWarning> After(int step, IReadOnlyDictionary<string, double> metrics)
    {
        var found = new List<RunWarning>();
        for (var i = 0; i < _held.Length; i++)
        {
            var rule = RunWarningRule.All[i];
            if (!rule.Holds(metrics))
                Clear(i, step);
            else if (Holds(i, step))
                found.Add(rule.Warning(metrics));
        }
        return found;
    }

    /// <returns>True when this makes a spell.</returns>
    private bool Holds(int i, int step)
    {
        var rule = RunWarningRule.All[i];
        _held[i]++;
        if (_open[i] is { } open)
        {
            _spells[open] = _spells[open] with { LastStep = step };
            return false;
        }
        if (_held[i] < rule.Steps)
            return false;
        _open[i] = _spells.Count;
        _spells.Add(new RunWarningSpell(rule, step - rule.Steps + 1, step, IsOver: false));
        return true;
    }

    private void Clear(int i, int step)
    {
        _held[i] = 0;
        if (_open[i] is not { } open || step - _spells[open].LastStep < ClearSteps)
            return;
        _spells[open] = _spells[open] with { IsOver = true };
        _open[i] = null;
    }
}
