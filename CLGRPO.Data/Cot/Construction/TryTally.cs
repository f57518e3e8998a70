using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What became of a try.</summary>
/// <param name="Label">Index of the sample's label in the data set's labels; −1 where it is none of them.</param>
/// <param name="Teacher">Index in <see cref="TryTally.Teachers"/>.</param>
internal readonly record struct CountedTry(
    long Id,
    short Label,
    short Teacher,
    short Attempt,
    CotState State,
    DateTime At
);

/// <summary>The tries of a job, some 40 bytes each. A look reads those that are new, and those that had no verdict at the last one.</summary>
internal sealed class TryTally(long jobId, IReadOnlyList<string> labels)
{
    private const int AtOnce = 500;
    private readonly List<CountedTry> _all = [];
    private readonly HashSet<int> _open = []; // indices
    private readonly Dictionary<string, short> _labels = labels
        .Index()
        .ToDictionary(label => label.Item, label => (short)label.Index, StringComparer.Ordinal);

    /// <summary>In the order in which they were written.</summary>
    public IReadOnlyList<CountedTry> All => _all;

    public List<string> Teachers { get; } = [];

    /// <summary>Reason → rejected tries with it.</summary>
    public Dictionary<string, int> Reasons { get; } = new(StringComparer.Ordinal);

    /// <summary>Those that have no verdict.</summary>
    public IEnumerable<CountedTry> Open => _open.Select(index => _all[index]);

    /// <returns>Those on which votes may have come since the last look.</returns>
    public async Task<IReadOnlyList<CountedTry>> Read(StoreContext context, CancellationToken stop)
    {
        var known = _open.ToList();
        foreach (var indices in known.Chunk(AtOnce))
            await Settle(context, indices, stop);
        var before = _all.Count;
        var last = before > 0 ? _all[^1].Id : 0;
        var written = context
            .Records.AsNoTracking()
            .Where(record => record.JobId == jobId && record.Id > last)
            .OrderBy(record => record.Id)
            .Select(record => new
            {
                record.Id,
                record.Sample!.Label,
                record.Teacher,
                record.Attempt,
                record.State,
                record.CreatedAt,
                record.Reasons,
            });
        await foreach (var one in written.AsAsyncEnumerable().WithCancellation(stop))
        {
            if (one.State == CotState.Candidate)
                _open.Add(_all.Count);
            _all.Add(
                new CountedTry(
                    one.Id,
                    _labels.GetValueOrDefault(one.Label, (short)-1),
                    TeacherOf(one.Teacher),
                    (short)one.Attempt,
                    one.State,
                    one.CreatedAt
                )
            );
            Count(one.State, one.Reasons);
        }
        return [.. known.Select(index => _all[index]), .. _all.Skip(before)];
    }

    private async Task Settle(StoreContext context, int[] indices, CancellationToken stop)
    {
        var ids = indices.ToDictionary(index => _all[index].Id);
        List<long> asked = [.. ids.Keys];
        var decided = await context
            .Records.Where(record => asked.Contains(record.Id) && record.State != CotState.Candidate)
            .Select(record => new
            {
                record.Id,
                record.State,
                record.Reasons,
            })
            .ToListAsync(stop);
        foreach (var one in decided)
        {
            var index = ids[one.Id];
            _open.Remove(index);
            _all[index] = _all[index] with { State = one.State };
            Count(one.State, one.Reasons);
        }
    }

    private void Count(CotState state, List<string> reasons)
    {
        if (state != CotState.Rejected)
            return;
        foreach (var reason in reasons)
            Reasons[reason] = Reasons.GetValueOrDefault(reason) + 1;
    }

    private short TeacherOf(string name)
    {
        if (Teachers.IndexOf(name) is >= 0 and var known)
            return (short)known;
        Teachers.Add(name);
        return (short)(Teachers.Count - 1);
    }
}
