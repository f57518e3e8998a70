namespace CLGRPO.Training.Tokenization;

/// <summary>Merges the bytes of one piece of text into tokens: always the earliest-learnt pair, the leftmost first.</summary>
/// <param name="byteIds">[256] the token of each single byte.</param>
/// <param name="merges">Pair of tokens (see <see cref="Pair"/>) → its rank, lower merges first, and the token it becomes.</param>
internal sealed class BytePairMerger(int[] byteIds, Dictionary<ulong, (int Rank, int Token)> merges)
{
    /// <summary>Two ids as one key.</summary>
    public static ulong Pair(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>Returns the tokens of <paramref name="bytes"/>. Takes n log n steps for n bytes.</summary>
    public int[] Merge(ReadOnlySpan<byte> bytes)
    {
        var chain = new Chain(bytes, byteIds);
        var waiting = new PriorityQueue<ulong, ulong>(); // pair, by rank then position
        for (var at = 0; at + 1 < bytes.Length; at++)
        {
            Enqueue(waiting, chain, at);
        }
        while (waiting.TryDequeue(out var pair, out var priority))
        {
            var at = (int)(priority & uint.MaxValue);
            if (chain.PairAt(at) != pair)
            {
                continue; // a neighbour was merged away meanwhile
            }
            chain.MergeAt(at, merges[pair].Token);
            Enqueue(waiting, chain, at);
            if (chain.Before(at) is >= 0 and var before)
            {
                Enqueue(waiting, chain, before);
            }
        }
        return chain.Tokens();
    }

    private void Enqueue(PriorityQueue<ulong, ulong> waiting, Chain chain, int at)
    {
        if (chain.PairAt(at) is { } pair && merges.TryGetValue(pair, out var merge))
        {
            waiting.Enqueue(pair, ((ulong)(uint)merge.Rank << 32) | (uint)at);
        }
    }

    /// <summary>A doubly linked list of tokens; a token keeps the position of its first byte.</summary>
    private sealed class Chain
    {
        private const int Gone = -1;

        private readonly int[] _tokens;
        private readonly int[] _previous;
        private readonly int[] _next;

        public Chain(ReadOnlySpan<byte> bytes, int[] byteIds)
        {
            _tokens = new int[bytes.Length];
            _previous = new int[bytes.Length];
            _next = new int[bytes.Length];
            for (var at = 0; at < bytes.Length; at++)
            {
                _tokens[at] = byteIds[bytes[at]];
                _previous[at] = at - 1;
                _next[at] = at + 1;
            }
        }

        public int Before(int at) => _previous[at];

        /// <summary>The token at a position with its right neighbour; null when either is not there.</summary>
        public ulong? PairAt(int at) =>
            _tokens[at] == Gone || _next[at] == _tokens.Length ? null : Pair(_tokens[at], _tokens[_next[at]]);

        public void MergeAt(int at, int token)
        {
            var right = _next[at];
            _tokens[at] = token;
            _tokens[right] = Gone;
            _next[at] = _next[right];
            if (_next[at] < _tokens.Length)
            {
                _previous[_next[at]] = at;
            }
        }

        public int[] Tokens() => Array.FindAll(_tokens, token => token != Gone);
    }
}
