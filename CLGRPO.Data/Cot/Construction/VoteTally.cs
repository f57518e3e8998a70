using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// The votes on the tries of a job, as numbers. Those on tries that are decided are counted once, those on the others anew at each look:
/// more may come.
/// </summary>
internal sealed class VoteTally(long jobId, IReadOnlyList<string> labels)
{
    private const int AtOnce = 500;
    private const int Many = 10_000; // tries, above which the votes of the whole job are read
    private readonly Dictionary<string, int> _categories = labels
        .Index()
        .ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
    private readonly Dictionary<long, int> _onOpen = [];
    private readonly VoteFigures _decided = new();
    private VoteFigures _all = new();

    /// <summary>Judgements, and of these those that arrived at the label.</summary>
    public (int Votes, int Agreeing) Of(string teacher) => _all.Teachers.GetValueOrDefault(teacher);

    /// <summary>Votes on a try that has no verdict.</summary>
    public int On(long openTry) => _onOpen.GetValueOrDefault(openTry);

    /// <summary>Cohen's kappa of a verifier's answers with the labels; null where it is not defined.</summary>
    public double? LabelKappa(string teacher) => _all.WithLabel.GetValueOrDefault(teacher)?.Kappa();

    /// <summary>How two verifiers agree; what is none of the labels is a class of its own.</summary>
    public VerifierAgreement Pair(string first, string second)
    {
        var cells = _all.Pairs.GetValueOrDefault((first, second)) ?? new AgreementCells();
        return new VerifierAgreement(first, second, cells.Count, cells.Percent, cells.Kappa());
    }

    /// <param name="tries">All that have no verdict, and those that got one since the last look.</param>
    public async Task Read(StoreContext context, IReadOnlyList<CountedTry> tries, CancellationToken stop)
    {
        _onOpen.Clear();
        var open = new VoteFigures();
        if (tries.Count > Many)
            await Read(
                context.Records.Where(record => record.JobId == jobId).SelectMany(record => record.Votes),
                tries,
                open,
                stop
            );
        else
        {
            foreach (var some in tries.Chunk(AtOnce))
            {
                List<long> asked = [.. some.Select(one => one.Id)];
                await Read(context.Votes.Where(vote => asked.Contains(vote.RecordId)), some, open, stop);
            }
        }
        _all = new VoteFigures();
        _all.Add(_decided);
        _all.Add(open);
    }

    private async Task Read(
        IQueryable<CotVote> votes,
        IReadOnlyList<CountedTry> tries,
        VoteFigures open,
        CancellationToken stop
    )
    {
        var asked = tries.ToDictionary(one => one.Id);
        var rows = votes
            .OrderBy(vote => vote.RecordId)
            .Select(vote => new
            {
                vote.RecordId,
                vote.Teacher,
                vote.Label,
                vote.Agrees,
                vote.Failure,
            });
        var about = 0L;
        List<CountedVote> together = [];
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(stop))
        {
            if (row.RecordId != about)
            {
                Leave();
                about = row.RecordId;
            }
            together.Add(new CountedVote(row.Teacher, row.Agrees, row.Failure is null ? Category(row.Label) : null));
        }
        Leave();

        void Leave()
        {
            if (asked.TryGetValue(about, out var one))
            {
                var isOpen = one.State == CotState.Candidate;
                (isOpen ? open : _decided).Add(together, one.Label);
                if (isOpen)
                    _onOpen[about] = together.Count;
            }
            together.Clear();
        }
    }

    private int Category(string? label) => label is null ? _categories.Count : _categories.GetValueOrDefault(label, -1);
}
