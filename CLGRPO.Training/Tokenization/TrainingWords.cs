using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>The pieces of the training texts as tokens, with the count of every neighbouring pair kept up to date.</summary>
internal sealed class TrainingWords
{
    private readonly List<(List<int> Tokens, long Count)> _words = [];
    private readonly Dictionary<(int Left, int Right), long> _counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _places = []; // pair → words that have or had it

    /// <summary>Pairs by frequency, most frequent first, then lower ids; an entry is stale when its count has changed.</summary>
    private readonly PriorityQueue<(int Left, int Right), (long Fewer, int Left, int Right)> _queue = new();

    public TrainingWords(IReadOnlyDictionary<string, long> pieces)
    {
        var byteIds = ByteAlphabet.Order.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        foreach (var (piece, count) in pieces)
        {
            _words.Add(([.. Encoding.UTF8.GetBytes(piece).Select(b => byteIds[b])], count));
            CountPairs(_words.Count - 1, sign: 1, []);
        }
        foreach (var pair in _counts.Keys)
        {
            Enqueue(pair);
        }
    }

    /// <summary>The pair to join next, or null when none occurs twice.</summary>
    public (int Left, int Right)? MostFrequentPair()
    {
        while (_queue.TryDequeue(out var pair, out var priority))
        {
            if (_counts[pair] == -priority.Fewer)
            {
                return -priority.Fewer >= 2 ? pair : null;
            }
        }
        return null;
    }

    /// <summary>Replaces the pair by a token wherever it occurs, left to right.</summary>
    public void Join((int Left, int Right) pair, int token)
    {
        var changed = new HashSet<(int, int)>();
        _places.Remove(pair, out var places);
        foreach (var word in places!)
        {
            CountPairs(word, sign: -1, changed);
            JoinIn(_words[word].Tokens, pair, token);
            CountPairs(word, sign: 1, changed);
        }
        foreach (var other in changed)
        {
            Enqueue(other);
        }
    }

    private static void JoinIn(List<int> tokens, (int Left, int Right) pair, int token)
    {
        var kept = 0;
        for (var at = 0; at < tokens.Count; at++)
        {
            var matches = tokens[at] == pair.Left && at + 1 < tokens.Count && tokens[at + 1] == pair.Right;
            tokens[kept++] = matches ? token : tokens[at];
            at += matches ? 1 : 0;
        }
        tokens.RemoveRange(kept, tokens.Count - kept);
    }

    private void CountPairs(int word, int sign, HashSet<(int, int)> changed)
    {
        var (tokens, count) = _words[word];
        for (var at = 0; at + 1 < tokens.Count; at++)
        {
            var pair = (tokens[at], tokens[at + 1]);
            _counts[pair] = _counts.GetValueOrDefault(pair) + (sign * count);
            changed.Add(pair);
            if (sign > 0)
            {
                if (!_places.TryGetValue(pair, out var places))
                {
                    _places[pair] = places = [];
                }
                places.Add(word);
            }
        }
    }

    private void Enqueue((int Left, int Right) pair)
    {
        if (_counts[pair] > 0)
        {
            _queue.Enqueue(pair, (-_counts[pair], pair.Left, pair.Right));
        }
    }
}
