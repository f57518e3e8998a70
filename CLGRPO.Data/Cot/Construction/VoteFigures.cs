namespace CLGRPO.Data.Cot.Construction;

/// <param name="Said">Index of a label; the number of labels for none of them; null where there was no answer.</param>
internal readonly record struct CountedVote(string Teacher, bool Agrees, int? Said);

/// <summary>What verifiers said, counted.</summary>
internal sealed class VoteFigures
{
    public Dictionary<string, (int Votes, int Agreeing)> Teachers { get; } = new(StringComparer.Ordinal);

    /// <summary>Verifier → its answers with the labels.</summary>
    public Dictionary<string, AgreementCells> WithLabel { get; } = new(StringComparer.Ordinal);

    /// <summary>Two verifiers, both ways round → their answers.</summary>
    public Dictionary<(string First, string Second), AgreementCells> Pairs { get; } = [];

    /// <summary>Adds all votes on a try.</summary>
    /// <param name="label">Index of the sample's label; negative where it is none of the data set's.</param>
    public void Add(IReadOnlyList<CountedVote> votes, int label)
    {
        foreach (var vote in votes)
        {
            Add(vote.Teacher, 1, vote.Agrees ? 1 : 0);
            if (vote.Said is not { } said)
                continue;
            if (label >= 0)
                CellsOf(WithLabel, vote.Teacher).Add(said, label, 1);
            foreach (var other in votes)
            {
                if (other.Said is { } theirs && other.Teacher != vote.Teacher)
                    CellsOf(Pairs, (vote.Teacher, other.Teacher)).Add(said, theirs, 1);
            }
        }
    }

    public void Add(VoteFigures others)
    {
        foreach (var (teacher, (votes, agreeing)) in others.Teachers)
            Add(teacher, votes, agreeing);
        foreach (var (teacher, cells) in others.WithLabel)
            CellsOf(WithLabel, teacher).Add(cells);
        foreach (var (pair, cells) in others.Pairs)
            CellsOf(Pairs, pair).Add(cells);
    }

    private void Add(string teacher, int votes, int agreeing)
    {
        var before = Teachers.GetValueOrDefault(teacher);
        Teachers[teacher] = (before.Votes + votes, before.Agreeing + agreeing);
    }

    private static AgreementCells CellsOf<T>(Dictionary<T, AgreementCells> all, T key)
        where T : notnull
    {
        if (!all.TryGetValue(key, out var cells))
            all[key] = cells = new AgreementCells();
        return cells;
    }
}

/// <summary>What two said of the same things: pair of classes → number.</summary>
internal sealed class AgreementCells
{
    private readonly Dictionary<(int A, int B), int> _counts = [];

    public int Count { get; private set; }

    public double? Percent => Count > 0 ? Agreeing / (double)Count : null;

    private int Agreeing => _counts.Where(cell => cell.Key.A == cell.Key.B).Sum(cell => cell.Value);

    /// <summary>Null where chance alone explains everything. Source: Cohen 1960.</summary>
    public double? Kappa()
    {
        var first = _counts.GroupBy(cell => cell.Key.A).ToDictionary(Key, cells => cells.Sum(cell => cell.Value));
        var second = _counts.GroupBy(cell => cell.Key.B).ToDictionary(Key, cells => cells.Sum(cell => cell.Value));
        var byChance = first.Sum(one => (double)one.Value * second.GetValueOrDefault(one.Key));
        var all = (double)Count * Count;
        return Count == 0 || byChance >= all ? null : (((double)Agreeing * Count) - byChance) / (all - byChance);

        static int Key(IGrouping<int, KeyValuePair<(int A, int B), int>> cells) => cells.Key;
    }

    public void Add(int a, int b, int number)
    {
        _counts[(a, b)] = _counts.GetValueOrDefault((a, b)) + number;
        Count += number;
    }

    public void Add(AgreementCells others)
    {
        foreach (var ((a, b), number) in others._counts)
            Add(a, b, number);
    }
}
