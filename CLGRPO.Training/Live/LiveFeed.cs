using CLGRPO.Data.Runs;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;
using RolloutGroup = CLGRPO.Training.Rollouts.RolloutGroup;

namespace CLGRPO.Training.Live;

/// <summary>What a frame says of a training sample.</summary>
internal sealed record LiveSample(string Id, string Image, string Prompt, string Label);

/// <summary>A stage, as far as frames go.</summary>
/// <param name="Describe">The data-set sample that a prompt names by its index.</param>
/// <param name="Rewards">Names of the reward functions, in the order of the scores.</param>
internal sealed record LiveStage(
    string Name,
    int Steps,
    Tokenizer Tokenizer,
    Func<int, LiveSample> Describe,
    IReadOnlyList<string> Rewards
);

/// <summary>
/// Where training tells what happens. While nobody watches, a decode step costs one look at a variable, and what is kept
/// are references to what training has in hand anyway: enough to tell whoever comes next how the step began. While
/// somebody does, the trainer's threads only note token ids; <see cref="LiveBroadcast"/> makes text and frames of them.
/// </summary>
internal sealed class LiveFeed(TimeProvider clock) : IRolloutObserver
{
    private readonly Lock _gate = new();
    private readonly List<(Prompt Prompt, int Size)> _drawn = []; // of the step in hand; the place is the group's number
    private readonly Dictionary<Prompt, LiveGroupTokens> _groups = new(ReferenceEqualityComparer.Instance);
    private readonly LiveItems _items = new();
    private IReadOnlyList<ScoredGroup> _scored = [];
    private LiveStage? _stage;
    private LiveStatus _status = new(null, null, null, null);
    private volatile bool _watching;
    private long _since; // counts the times that somebody came to watch
    private long _sampledAt; // when the newest tokens were noted

    public bool IsWatching => _watching;

    /// <summary>A stage begins, or goes on after some steps.</summary>
    public void StageBegan(LiveStage stage, int stepsDone)
    {
        lock (_gate)
        {
            _stage = stage;
            Forget();
            Now(new LiveStatus(stage.Name, stepsDone + 1, stage.Steps, null));
        }
    }

    /// <summary>The process does something else than a step: train, validate, save, evaluate, paused.</summary>
    public void PhaseBegan(string phase)
    {
        lock (_gate)
            Now(_status with { Phase = phase });
    }

    public void PhaseBegan(int step, string phase)
    {
        lock (_gate)
        {
            if (step != _status.Step || phase == "generate")
                Forget();
            Now(_status with { Step = step, Phase = phase });
        }
    }

    public void Drawn(IReadOnlyList<Prompt> prompts, int groupSize)
    {
        lock (_gate)
        {
            _drawn.AddRange(prompts.Select(prompt => (prompt, groupSize)));
            if (_watching)
                Announce(_drawn.Count - prompts.Count);
        }
    }

    public void Sampled(RunningBatch batch, int maxTokens)
    {
        if (!_watching)
            return;
        lock (_gate)
        {
            _sampledAt = Milliseconds();
            var first = batch.ToldSince != _since;
            batch.ToldSince = _since;
            foreach (var row in first ? batch.Entered.SelectMany(rows => rows) : batch.Rows)
            {
                if (first)
                    row.Told = 0;
                if (row.Told < row.Ids.Count && _groups.TryGetValue(row.Prompt, out var group))
                    group.Grow(row.Slot % group.Size, row.Ids, row.Told, row.Terminated, row.Ids.Count == maxTokens);
                row.Told = row.Ids.Count;
            }
        }
    }

    /// <summary>The step's groups have rewards and advantages.</summary>
    public void Scored(IReadOnlyList<ScoredGroup> groups)
    {
        lock (_gate)
        {
            _scored = groups;
            if (_watching)
                TellScores();
        }
    }

    public void Updated(int step, IReadOnlyList<(Prompt Prompt, IReadOnlyList<StoppedTokens> Completions)> stopped)
    {
        lock (_gate)
        {
            if (!_watching)
                return;
            var clipped =
                from item in stopped
                where _groups.ContainsKey(item.Prompt)
                from completion in item.Completions.Index()
                where completion.Item.Low.Count + completion.Item.High.Count > 0
                select new LiveClip(
                    _groups[item.Prompt].Number,
                    completion.Index,
                    completion.Item.Low,
                    completion.Item.High
                );
            Add(Frame(LiveFrameType.Clipped) with { Clipped = [.. clipped] });
        }
    }

    public void StepDone(int step, IReadOnlyDictionary<string, double> metrics)
    {
        lock (_gate)
        {
            if (_watching)
                Add(Frame(LiveFrameType.Step) with { Step = step, Metrics = metrics });
        }
    }

    public void Alarm(int step, string message)
    {
        lock (_gate)
        {
            if (_watching)
                Add(Frame(LiveFrameType.Alarm) with { Step = step, Message = message });
        }
    }

    /// <summary>Somebody watches from now on: what they need to know first is among the next <see cref="Take"/>.</summary>
    public void Watch()
    {
        lock (_gate)
        {
            _watching = true;
            _since++;
            _sampledAt = Milliseconds();
            _items.Clear();
            _groups.Clear();
            Add(Frame(LiveFrameType.Status));
            Announce(0);
            foreach (var group in _scored)
                Whole(group.Group);
            if (_scored.Count > 0)
                TellScores();
        }
    }

    /// <summary>Nobody watches any more.</summary>
    public void Unwatch()
    {
        lock (_gate)
        {
            _watching = false;
            _items.Clear();
            _groups.Clear();
        }
    }

    /// <summary>What happened since the last time, in order.</summary>
    public IReadOnlyList<LiveItem> Take()
    {
        lock (_gate)
        {
            GatherTokens();
            return _items.Take();
        }
    }

    private void Now(LiveStatus status)
    {
        _status = status;
        if (_watching)
            Add(Frame(LiveFrameType.Status));
    }

    private void Forget()
    {
        GatherTokens();
        _drawn.Clear();
        _groups.Clear();
        _scored = [];
    }

    /// <summary>Tells of the drawn groups from one on.</summary>
    private void Announce(int from)
    {
        if (from == _drawn.Count)
            return;
        var groups = new List<LiveGroup>();
        for (var number = from; number < _drawn.Count; number++)
        {
            var (prompt, size) = _drawn[number];
            _groups[prompt] = new LiveGroupTokens(number, size, _stage!.Tokenizer);
            var sample = _stage.Describe(prompt.Sample);
            groups.Add(new LiveGroup(number, sample.Id, sample.Image, sample.Prompt, sample.Label, size));
        }
        Add(Frame(LiveFrameType.Groups) with { Groups = groups });
    }

    private void Whole(RolloutGroup group)
    {
        foreach (var (i, completion) in group.Completions.Index())
            _groups[group.Prompt].Grow(i, completion.Ids, 0, completion.Terminated, ended: true);
    }

    private void TellScores() =>
        Add(
            Frame(LiveFrameType.Scores) with
            {
                Scores =
                [
                    .. _scored
                        .Where(group => _groups.ContainsKey(group.Group.Prompt))
                        .Select(group => Scores(_groups[group.Group.Prompt].Number, group)),
                ],
            }
        );

    private LiveScores Scores(int number, ScoredGroup group)
    {
        var names = _stage!.Rewards;
        IReadOnlyList<double> Of(int function) =>
            [.. group.Rewards.Select((_, i) => (double)group.Scores[(i * names.Count) + function])];
        return new LiveScores(
            number,
            names.Index().ToDictionary(name => name.Item, name => Of(name.Index), StringComparer.Ordinal),
            Array.ConvertAll(group.Rewards, value => (double)value),
            Array.ConvertAll(group.Advantages, value => (double)value)
        );
    }

    private void Add(LiveFrame frame)
    {
        GatherTokens();
        _items.Add(frame);
    }

    /// <summary>Tokens come before whatever is told next.</summary>
    private void GatherTokens()
    {
        foreach (var group in _groups.Values)
            _items.Add(group, Frame(LiveFrameType.Tokens) with { Time = _sampledAt });
    }

    private LiveFrame Frame(LiveFrameType type) =>
        new()
        {
            Type = type,
            Time = Milliseconds(),
            Stage = _status.Stage,
            Step = _status.Step,
            Steps = _status.Steps,
            Phase = type == LiveFrameType.Status ? _status.Phase : null,
        };

    private long Milliseconds() => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record LiveStatus(string? Stage, int? Step, int? Steps, string? Phase);
}
