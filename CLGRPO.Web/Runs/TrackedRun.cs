using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>What the site remembers of a run: it follows the run's folder, and can be made from it anew at any time.</summary>
internal sealed class TrackedRun
{
    private const int OutOfMemoryOrKilled = 128 + 9;
    private const int Interrupted = 130; // the trainer's own: it was asked to end
    private readonly RunEventTail _tail;
    private readonly RewardCurve _rewards = new();
    private readonly Recipe? _recipe;
    private readonly string? _recipeFault;
    private RunEvent? _last;
    private RunEvent? _end; // of the newest process that said how it ended
    private RunEvent? _error;
    private IReadOnlyDictionary<string, double> _metrics = new Dictionary<string, double>(StringComparer.Ordinal);
    private DateTimeOffset? _first;
    private string? _stage;
    private int _step;
    private int _steps;
    private readonly Dictionary<string, int> _stepsOf = new(StringComparer.Ordinal); // stage → steps it will have
    private int _warnings;
    private double? _stepSeconds;
    private int _timed; // steps of the stage that it is made of
    private double? _accuracy;
    private bool _saved; // a checkpoint, ever
    private string? _damage;
    private bool _isKnown; // it was looked at before
    private volatile bool _isLaunched;

    public TrackedRun(RunDirectory directory)
    {
        Directory = directory;
        _tail = new RunEventTail(directory);
        try
        {
            _recipe = RecipeReader.ReadFile(directory.RecipePath);
        }
        catch (RecipeException e)
        {
            _recipeFault = e.Message; // a run of another build: it can be looked at, not gone on with
        }
    }

    public RunDirectory Directory { get; }

    /// <summary>Null where this build cannot read it.</summary>
    public Recipe? Recipe => _recipe;

    public RunCard Card { get; private set; } = new();

    /// <summary>Who trains it now.</summary>
    public RunOwner? Writer { get; private set; }

    /// <summary>A process was started for it and has not ended.</summary>
    public bool IsLaunched => _isLaunched;

    public RunCommand Command { get; private set; }

    /// <summary>Writes its card anew.</summary>
    public void Write(RunCard card)
    {
        card.Write(Directory);
        Card = card;
    }

    /// <summary>What subscribers were told last.</summary>
    public (RunState State, bool IsStuck)? Told { get; set; }

    /// <summary>A process is started for it, in a slot.</summary>
    public void Launched(int slot)
    {
        Write(Card with { Slot = slot, ExitCode = null, ExitedAt = null });
        _isLaunched = true;
    }

    /// <summary>Its process ended. Who reads the state beside this sees it with the reason, or not yet.</summary>
    public void Exited(int code, DateTimeOffset at)
    {
        Write(RunCard.Read(Directory) with { QueuedAt = null, Slot = null, ExitCode = code, ExitedAt = at });
        _isLaunched = false;
    }

    /// <summary>Looks at the folder.</summary>
    /// <returns>The events that came since the last time; the first time none: what was there before is no news.</returns>
    public IReadOnlyList<RunEvent> Refresh()
    {
        // First who writes, then what was written: a process that ended in between has said so by then.
        Writer = RunLock.Writer(Directory);
        var news = new List<RunEvent>();
        while (ReadEvents() is { Count: > 0 } some)
        {
            foreach (var item in some)
                Take(item);
            if (_isKnown)
                news.AddRange(some);
        }
        Card = RunCard.Read(Directory);
        Command = RunControl.Read(Directory);
        _isKnown = true;
        return news;
    }

    public RunSummary Summary(TimeSpan grace, DateTimeOffset now)
    {
        var state = State();
        var stuck = state == RunState.Running && IsOverdue(grace, now);
        return new RunSummary(
            Directory.Id,
            _recipe?.Name ?? Directory.Id,
            _recipe?.Dataset ?? "",
            state,
            Reason(state, stuck, now),
            stuck,
            _stage,
            _step,
            _steps,
            [.. _recipe?.Stages.Select(stage => stage.Name) ?? []],
            _metrics,
            _stepSeconds,
            _warnings,
            _last?.Number ?? 0,
            _first ?? Card.QueuedAt,
            _last?.Time ?? Card.QueuedAt,
            Card.By,
            Card.Note,
            Card.Tags,
            Card.Priority,
            _accuracy,
            Card.Archived,
            FirstCheckpointSeconds(state)
        )
        {
            RewardCurve = _rewards.Values,
        };
    }

    private double? FirstCheckpointSeconds(RunState state)
    {
        if (_saved)
            return 0;
        if (state != RunState.Running || _stepSeconds is not { } seconds || _recipe?.Stages[0] is not { } first)
            return null;
        var every = first.Sft?.CheckpointEvery ?? first.Grpo!.CheckpointEvery;
        return seconds * Math.Max(0, Math.Min(every, _steps) - _step);
    }

    public RunState State() =>
        Writer is not null ? OfProcess(RunState.Running)
        : IsLaunched ? OfProcess(RunState.Starting)
        : IsWaiting ? RunState.Queued
        : OfEnded();

    /// <summary>It waits for a process; what was written after it was put in the queue is one's that took it over.</summary>
    public bool IsWaiting => Writer is null && Card.QueuedAt is { } since && !(_last?.Time > since);

    private int? Exit => _last?.Time > Card.ExitedAt ? null : Card.ExitCode;

    // What was asked of it counts from the moment it has left the queue.
    private RunState OfProcess(RunState unasked) =>
        Command switch
        {
            RunCommand.Pause => Writer is not null && _last?.Type == RunEventType.Checkpoint
                ? RunState.Paused
                : RunState.Pausing,
            RunCommand.Stop or RunCommand.Abort => RunState.Stopping,
            _ => unasked,
        };

    private RunState OfEnded()
    {
        if (_damage is not null || Exit is > 0 and < 128)
            return RunState.Failed;
        if (Exit is >= 128 and not Interrupted)
            return RunState.Crashed;
        return _end?.Message switch
        {
            "completed" => RunState.Completed,
            "aborted" => RunState.Aborted,
            "failed" => RunState.Failed,
            null when _last is not null => RunState.Crashed,
            _ => RunState.Stopped,
        };
    }

    private string? Reason(RunState state, bool stuck, DateTimeOffset now) =>
        state switch
        {
            RunState.Failed => _damage ?? _error?.Message ?? LogTail.Last(Directory) ?? "It ended with an error.",
            RunState.Crashed when Exit == OutOfMemoryOrKilled =>
                "Its process was killed (signal 9): by a person, or by the system for want of memory.",
            RunState.Crashed when Exit is { } code => $"Its process was ended by signal {code - 128}.",
            RunState.Crashed => "Its process is gone without a word: killed, out of memory, or the power was lost.",
            _ when stuck =>
                $"It has not reported for {(now - _last!.Time).TotalSeconds:F0} s; a step takes about {_stepSeconds ?? 0:F1} s.",
            _ => _recipeFault,
        };

    private bool IsOverdue(TimeSpan grace, DateTimeOffset now) =>
        _last is not null && now - _last.Time > grace + TimeSpan.FromSeconds(3 * (_stepSeconds ?? 0));

    private IReadOnlyList<RunEvent> ReadEvents()
    {
        if (_damage is not null)
            return [];
        try
        {
            return _tail.ReadNew();
        }
        catch (InvalidDataException e)
        {
            _damage = e.Message;
            return [];
        }
    }

    /// <summary>The share of right answers in an evaluation, 0 to 1; null where it was not asked.</summary>
    public static double? AccuracyOf(RunEvent evaluation) =>
        evaluation.Metrics is not { } metrics ? null
        : metrics.TryGetValue("test_accuracy", out var test) ? test
        : metrics.TryGetValue("eval_accuracy", out var validation) ? validation
        : null;

    private void Take(RunEvent item)
    {
        _first ??= item.Time;
        switch (item.Type)
        {
            case RunEventType.RunStarted:
                (_end, _error) = (null, null);
                break;
            case RunEventType.Stage:
                (_stage, _step, _steps, _timed) = (item.Stage, 0, item.Steps ?? 0, 0);
                _stepsOf[item.Stage ?? ""] = _steps;
                _rewards.CutAfter(-1);
                break;
            case RunEventType.Resumed:
                _rewards.CutAfter(item.Stage == _stage ? item.FromStep ?? 0 : -1);
                (_stage, _step) = (item.Stage, item.FromStep ?? 0);
                _steps = _stepsOf.GetValueOrDefault(item.Stage ?? "", _steps);
                break;
            case RunEventType.Step:
                (_stage, _step, _metrics) = (item.Stage, item.Step ?? 0, item.Metrics!);
                if (item.Metrics!.TryGetValue("reward", out var reward))
                    _rewards.Add(_step, reward);
                if (item.Metrics.TryGetValue("step_time", out var seconds))
                    Time(seconds);
                break;
            case RunEventType.Checkpoint:
                _saved = true;
                break;
            case RunEventType.Evaluation:
                _accuracy = AccuracyOf(item) ?? _accuracy;
                break;
            case RunEventType.Warning:
                _warnings++;
                break;
            case RunEventType.Error:
                _error = item;
                break;
            case RunEventType.End:
                _end = item;
                break;
        }
        _last = item;
    }

    // A stage's first step is slow and says little: the second takes its place, then the mean of some steps is usual.
    private void Time(double seconds)
    {
        var weight = _timed++ < 2 ? 1 : Math.Max(0.1, 1.0 / (_timed - 1));
        _stepSeconds = ((1 - weight) * (_stepSeconds ?? 0)) + (weight * seconds);
    }
}
