namespace CLGRPO.Training.Rollouts;

/// <summary>A completion while it is being sampled.</summary>
internal sealed class RunningRow(Prompt prompt, int promptSlot, int slot, ulong stream)
{
    public Prompt Prompt { get; } = prompt;
    public int PromptSlot { get; } = promptSlot;
    public int Slot { get; } = slot;

    /// <summary>Names this completion's random numbers.</summary>
    public ulong Stream { get; } = stream;
    public List<int> Ids { get; } = [];
    public List<float> Logprobs { get; } = [];
    public bool Terminated { get; set; }

    /// <summary>Tokens that the observer has heard of.</summary>
    public int Told { get; set; }

    /// <summary>The random numbers of a member of a group.</summary>
    public static ulong StreamOf(ulong prompt, int member) =>
        unchecked((prompt * 0x9E3779B97F4A7C15UL) + (ulong)member);

    /// <summary>Position of the newest token.</summary>
    public int Position => Prompt.Ids.Length + Ids.Count - 1;
}

/// <summary>Which completions run, which wait, and which slots of the cache are free.</summary>
internal sealed class RunningBatch
{
    // What a prefill leaves behind until it is done grows with its prompts, its speed no more from here on.
    internal const int PromptsAtOnce = 64;
    private readonly IReadOnlyList<Prompt> _prompts;
    private readonly int _groupSize;
    private readonly Stack<int> _freePromptSlots;
    private readonly int _promptSlots;
    private readonly int[] _runningInSlot;
    private readonly RunningRow[][] _groups;
    private int _admitted;

    public RunningBatch(IReadOnlyList<Prompt> prompts, int groupSize, int promptSlots)
    {
        (_prompts, _groupSize, _promptSlots) = (prompts, groupSize, promptSlots);
        _freePromptSlots = new Stack<int>(Enumerable.Range(0, promptSlots).Reverse());
        _runningInSlot = new int[promptSlots];
        _groups = new RunningRow[prompts.Count][];
    }

    /// <summary>Prompts that have no slot yet.</summary>
    public int Waiting => _prompts.Count - _admitted;

    /// <summary>Completions that still run.</summary>
    public List<RunningRow> Rows { get; private set; } = [];

    /// <summary>The groups that were let in so far, done or not, each with its rows.</summary>
    public IEnumerable<RunningRow[]> Entered => _groups.Take(_admitted);

    /// <summary>The observer's: since when it has been told of every token of this batch.</summary>
    public long ToldSince { get; set; }

    /// <summary>
    /// Gives free slots to waiting prompts, once a quarter of all slots is free: a prefill of few prompts costs nearly as
    /// much as one of many.
    /// </summary>
    /// <returns>The groups that came in, each with its rows; often none.</returns>
    public IReadOnlyList<RunningRow[]> Admit()
    {
        var few = Math.Min(Waiting, Math.Clamp(_promptSlots / 4, 1, PromptsAtOnce));
        if (Waiting == 0 || (_freePromptSlots.Count < few && Rows.Count > 0))
            return [];
        var admitted = new List<RunningRow[]>();
        while (admitted.Count < PromptsAtOnce && _admitted < _prompts.Count && _freePromptSlots.TryPop(out var slot))
            admitted.Add(Enter(_admitted++, slot));
        return admitted;
    }

    /// <summary>Drops finished rows and frees the slots of groups that have none left.</summary>
    public void Retire(Func<RunningRow, bool> finished)
    {
        foreach (var row in Rows.Where(finished))
        {
            if (--_runningInSlot[row.PromptSlot] == 0)
                _freePromptSlots.Push(row.PromptSlot);
        }
        Rows = [.. Rows.Where(row => !finished(row))];
    }

    public IReadOnlyList<RolloutGroup> Groups() =>
        [
            .. _groups.Select(
                (rows, i) =>
                    new RolloutGroup(
                        _prompts[i],
                        [.. rows.Select(row => new Completion([.. row.Ids], [.. row.Logprobs], row.Terminated))]
                    )
            ),
        ];

    private RunningRow[] Enter(int prompt, int slot)
    {
        _runningInSlot[slot] = _groupSize;
        var stream = _prompts[prompt].Stream;
        RunningRow[] rows =
        [
            .. Enumerable
                .Range(0, _groupSize)
                .Select(i => new RunningRow(
                    _prompts[prompt],
                    slot,
                    slot * _groupSize + i,
                    RunningRow.StreamOf(stream, i)
                )),
        ];
        Rows.AddRange(rows);
        return _groups[prompt] = rows;
    }
}
