using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>What a run's events tell, followed as they come and kept once for all who look at it.</summary>
internal sealed class RunHistory(RunDirectory run)
{
    private const int MostWarnings = 200;
    private readonly Lock _gate = new();
    private readonly RunEventTail _tail = new(run);
    private readonly List<StageHistory> _stages = []; // in the order of their first event
    private readonly List<RunEvent> _warnings = [];
    private bool _damaged;
    private long _number;
    private long _saved;

    /// <summary>Reads what is new, and answers a question about all of it.</summary>
    /// <param name="ask">Takes copies: what it is given goes on changing.</param>
    public T Read<T>(Func<RunHistory, T> ask)
    {
        lock (_gate)
        {
            Refresh();
            return ask(this);
        }
    }

    /// <summary>Number of the newest event.</summary>
    public long Number => _number;

    /// <summary>Number of the newest event with which checkpoints come or go.</summary>
    public long Saved => _saved;

    /// <summary>The newest warnings and errors, oldest first.</summary>
    public IReadOnlyList<RunEvent> Warnings => [.. _warnings];

    public IReadOnlyList<StageHistory> Stages => _stages;

    /// <summary>When its metrics were a reason to warn: stage and spell.</summary>
    public IReadOnlyList<(string Stage, RunWarningSpell Spell)> Spells =>
        [.. _stages.SelectMany(stage => stage.Spells.Select(spell => (stage.Name, spell)))];

    public StageHistory? Find(string stage) => _stages.Find(item => item.Name == stage);

    /// <summary>Series for charts.</summary>
    /// <param name="stage">One stage; null: all.</param>
    /// <param name="metrics">Which; null: all.</param>
    /// <param name="points">Points of a series at the most; at least 2.</param>
    /// <param name="branches">Also the steps that count no more.</param>
    public IReadOnlyList<MetricSeries> Series(string? stage, IReadOnlySet<string>? metrics, int points, bool branches)
    {
        var series = new List<MetricSeries>();
        foreach (var history in _stages.Where(item => stage is null || item.Name == stage))
        {
            Add(series, history.Name, history.Now, metrics, points, branch: null);
            for (var i = 0; branches && i < history.Abandoned.Count; i++)
                Add(series, history.Name, history.Abandoned[i], metrics, points, i + 1);
        }
        return series;
    }

    /// <summary>The run as charts are told of it.</summary>
    public ChartedRun Charted(string id, int index)
    {
        var offsets = new Dictionary<string, int>(StringComparer.Ordinal);
        var before = 0;
        foreach (var stage in _stages)
        {
            offsets[stage.Name] = before;
            before += stage.Steps;
        }
        return new ChartedRun(
            id,
            id,
            index,
            _number,
            offsets,
            _stages.ToDictionary(
                stage => stage.Name,
                stage => (IReadOnlyList<int>)[.. stage.ResumedAt.Distinct()],
                StringComparer.Ordinal
            )
        );
    }

    private static void Add(
        List<MetricSeries> series,
        string stage,
        MetricColumns columns,
        IReadOnlySet<string>? metrics,
        int points,
        int? branch
    )
    {
        foreach (var metric in columns.Names.Where(name => metrics is null || metrics.Contains(name)))
        {
            var (steps, values) = columns.Find(metric)!.Thin(points);
            if (steps.Count > 0)
                series.Add(new MetricSeries(stage, metric, steps, values) { Branch = branch });
        }
    }

    private void Refresh()
    {
        if (_damaged)
            return;
        try
        {
            while (_tail.ReadNew() is { Count: > 0 } some)
            {
                foreach (var item in some)
                    Take(item);
            }
        }
        catch (InvalidDataException)
        {
            _damaged = true; // what came before is shown; the run's state and reason say what is damaged
        }
    }

    private void Take(RunEvent item)
    {
        _number = item.Number;
        switch (item.Type)
        {
            case RunEventType.Stage:
                StageOf(item).Begin(item);
                break;
            case RunEventType.Resumed:
                Resume(StageOf(item), item.FromStep ?? 0);
                break;
            case RunEventType.Step:
                StageOf(item).Add(item);
                break;
            case RunEventType.Evaluation:
                StageOf(item).Add(item);
                _saved = item.Number;
                break;
            case RunEventType.Checkpoint:
                _saved = item.Number;
                break;
            case RunEventType.Warning or RunEventType.Error:
                _warnings.Add(item);
                if (_warnings.Count > MostWarnings)
                    _warnings.RemoveAt(0);
                break;
        }
    }

    private StageHistory StageOf(RunEvent item)
    {
        var name = item.Stage ?? "";
        if (Find(name) is { } known)
            return known;
        var stage = new StageHistory(name);
        _stages.Add(stage);
        return stage;
    }

    // What later stages did before rests on steps that count no more.
    private void Resume(StageHistory stage, int from)
    {
        stage.GoOnFrom(from);
        foreach (var later in _stages.Skip(_stages.IndexOf(stage) + 1))
            later.BeginAnew();
    }
}

/// <summary>What the events tell of a stage.</summary>
internal sealed class StageHistory(string name)
{
    private const int MostBranches = 5;
    private readonly List<RunWarningSpell> _before = []; // of processes before
    private RunWarningWatch _watch = new();

    public string Name => name;

    /// <summary>Steps it will have; 0 before it began.</summary>
    public int Steps { get; private set; }

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Tokens of all its steps that count; null where they are not counted.</summary>
    public double? Tokens => Now.Find("num_tokens")?.Sum;

    public DateTimeOffset? BeganAt { get; private set; }

    public DateTimeOffset? NewestAt { get; private set; }

    /// <summary>The steps that led to the present weights, and the evaluations after some of them.</summary>
    public MetricColumns Now { get; } = new();

    /// <summary>Steps that count no more, oldest branch first.</summary>
    public List<MetricColumns> Abandoned { get; } = [];

    /// <summary>After which steps it was gone on.</summary>
    public List<int> ResumedAt { get; } = [];

    /// <summary>When its metrics were a reason to warn, on the branch that counts.</summary>
    public IEnumerable<RunWarningSpell> Spells => _before.Concat(_watch.Spells);

    /// <summary>Of the newest evaluations: metric → value.</summary>
    public IReadOnlyDictionary<string, double> Scores =>
        Now
            .Names.Where(metric =>
                metric.StartsWith("eval_", StringComparison.Ordinal)
                || metric.StartsWith("test_", StringComparison.Ordinal)
            )
            .Where(metric => Now.Find(metric)!.Count > 0)
            .ToDictionary(metric => metric, metric => Now.Find(metric)!.Last, StringComparer.Ordinal);

    public void Begin(RunEvent item)
    {
        (Steps, Step) = (item.Steps ?? 0, 0);
        BeganAt ??= item.Time;
    }

    /// <summary>Takes a step or an evaluation.</summary>
    public void Add(RunEvent item)
    {
        Now.Add(item.Step ?? 0, item.Metrics!);
        NewestAt = item.Time;
        if (item.Type != RunEventType.Step)
            return;
        Step = item.Step ?? 0;
        _watch.After(Step, item.Metrics!);
    }

    public void GoOnFrom(int step)
    {
        Abandon(step);
        ResumedAt.Add(step);
    }

    /// <summary>An earlier stage was gone back to: nothing of this one counts any more.</summary>
    public void BeginAnew()
    {
        Abandon(-1);
        ResumedAt.Clear();
        Step = 0;
    }

    private void Abandon(int after)
    {
        if (Now.CutAfter(after) is { } cut)
            Abandoned.Add(cut);
        if (Abandoned.Count > MostBranches)
            Abandoned.RemoveAt(0);
        Step = after;
        // The process that goes on counts anew, as the trainer's own watch does.
        List<RunWarningSpell> left =
        [
            .. Spells
                .Where(spell => spell.FirstStep <= after)
                .Select(spell => spell with { LastStep = Math.Min(spell.LastStep, after), IsOver = true }),
        ];
        _before.Clear();
        _before.AddRange(left);
        _watch = new();
    }
}
