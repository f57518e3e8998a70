namespace CLGRPO.Training.Rewards;

/// <summary>(1 − different n-grams / all n-grams) · penalty over token ids; 0 for a completion shorter than n.</summary>
/// <remarks>Source: arXiv:2502.03373 §4.2; n = 3 and −1 as in TRL's <c>get_repetition_penalty_reward</c>.</remarks>
public sealed class RepetitionPenalty : IReward
{
    public const string RewardName = "repetition_penalty";

    private readonly int _size;
    private readonly double _penalty;

    /// <param name="size">Tokens per n-gram; at least 1.</param>
    /// <param name="penalty">The score of endless repetition; at most 0.</param>
    public RepetitionPenalty(int size = 3, double penalty = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(penalty, 0);
        _size = size;
        _penalty = penalty;
    }

    public string Name => RewardName;

    public float? Score(RewardInput input)
    {
        var total = input.CompletionIds.Count - _size + 1;
        if (total <= 0)
        {
            return 0f;
        }
        var ids = input.CompletionIds as int[] ?? [.. input.CompletionIds];
        var different = new HashSet<int>(Enumerable.Range(0, total), new NgramAt(ids, _size)).Count;
        return (float)((1 - ((double)different / total)) * _penalty);
    }

    /// <summary>Compares n-grams by where they start, so that none is copied.</summary>
    private sealed class NgramAt(int[] ids, int size) : IEqualityComparer<int>
    {
        public bool Equals(int x, int y) => ids.AsSpan(x, size).SequenceEqual(ids.AsSpan(y, size));

        public int GetHashCode(int start)
        {
            var hash = new HashCode();
            foreach (var id in ids.AsSpan(start, size))
            {
                hash.Add(id);
            }
            return hash.ToHashCode();
        }
    }
}
