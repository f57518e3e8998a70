using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>
/// What an adapter adds to one matrix, which may hold several targets one above the other (queries, keys and values): A of
/// all of them as one matrix, B of each for its own rows.
/// </summary>
/// <param name="adapted">The matrix.</param>
/// <param name="down">A, [targets · rank, in].</param>
/// <param name="ups">B of each target, [its rows, rank], in row order.</param>
/// <param name="scale">B·A counts this many times.</param>
/// <param name="isMerged">Whether the matrix holds the update already.</param>
internal sealed class LowRankUpdate(
    Parameter adapted,
    Parameter down,
    IReadOnlyList<(StoredTensor Target, Parameter Up)> ups,
    double scale,
    Func<bool> isMerged
)
{
    private long Rank => down.Shape[0] / ups.Count;

    /// <summary>Adds scale · B(A·x) to the matrix's own product, in place.</summary>
    /// <param name="projected">[…, out].</param>
    /// <param name="x">[…, in].</param>
    public Tensor AddTo(Tensor projected, Tensor x) =>
        isMerged() ? projected : projected.add_(Product(nn.functional.linear(x, down.Value)), scale);

    /// <summary>Adds scale · B·A to the matrix itself.</summary>
    public void Merge()
    {
        for (var i = 0; i < ups.Count; i++)
        {
            var (target, up) = ups[i];
            adapted
                .Value.narrow(0, target.FirstRow, target.Rows)
                .addmm_(up.Value, down.Value.narrow(0, i * Rank, Rank), alpha: (float)scale);
        }
    }

    /// <summary>The matrix's rows that <see cref="Merge"/> changes, as they are now.</summary>
    public IReadOnlyList<Tensor> CopyRows() => [.. ups.Select(update => Rows(update.Target).clone())];

    /// <summary>Puts back what <see cref="CopyRows"/> gave.</summary>
    public void Restore(IReadOnlyList<Tensor> rows)
    {
        for (var i = 0; i < ups.Count; i++)
            Rows(ups[i].Target).copy_(rows[i]);
    }

    private Tensor Rows(StoredTensor target) => adapted.Value.narrow(0, target.FirstRow, target.Rows);

    /// <summary>B of each target over its share of A·x; zeros for rows that no target has.</summary>
    private Tensor Product(Tensor low)
    {
        var pieces = new List<Tensor>();
        long row = 0;
        for (var i = 0; i < ups.Count; i++)
        {
            var (target, up) = ups[i];
            pieces.AddRange(Zeros(low, target.FirstRow - row));
            pieces.Add(nn.functional.linear(low.narrow(-1, i * Rank, Rank), up.Value));
            row = target.FirstRow + target.Rows;
        }
        pieces.AddRange(Zeros(low, adapted.Shape[0] - row));
        return pieces.Count == 1 ? pieces[0] : cat(pieces, -1);
    }

    private static IEnumerable<Tensor> Zeros(Tensor like, long rows) =>
        rows == 0 ? [] : [zeros([.. like.shape[..^1], rows], dtype: like.dtype, device: like.device)];
}
