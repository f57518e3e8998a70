using CLGRPO.Training.Tokenization.Normalization;

namespace CLGRPO.Training.Tokenization;

/// <summary>Learns a byte-level BPE vocabulary from texts; the same texts in any order give the same vocabulary.</summary>
public static class TokenizerTrainer
{
    private const int BytesCount = 256;

    /// <summary>
    /// Starts from the 256 bytes and joins the most frequent pair again and again; of equally frequent pairs the one whose
    /// left token has the lower id, then whose right token has. Stops early when no pair occurs twice.
    /// </summary>
    /// <param name="texts">What the model will read and write; special and added tokens in them are not learnt from.</param>
    /// <param name="vocabularySize">Tokens before the added ones; at least 256.</param>
    /// <param name="addedTokens">
    /// Appended after <see cref="SpecialTokens.All"/>, in this order; not special where a completion must write them,
    /// such as <c>&lt;think&gt;</c>.
    /// </param>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, IReadOnlyList<AddedToken> addedTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, BytesCount);
        AddedToken[] added = [.. SpecialTokens.All, .. addedTokens];
        var vocabulary = ByteAlphabet.Order.Select(b => ByteAlphabet.CharacterOf(b).ToString()).ToList();
        var ids = vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        var merges = new OrderedDictionary<(string, string), int>();
        var words = new TrainingWords(CountPieces(texts, added));
        while (vocabulary.Count < vocabularySize && words.MostFrequentPair() is var (left, right))
        {
            var joined = vocabulary[left] + vocabulary[right];
            if (ids.TryAdd(joined, vocabulary.Count)) // else “a”+“bc” makes what “ab”+“c” made before
            {
                vocabulary.Add(joined);
            }
            merges.TryAdd((vocabulary[left], vocabulary[right]), merges.Count);
            words.Join((left, right), ids[joined]);
        }
        return new Tokenizer(
            new TokenizerDefinition
            {
                Vocabulary = ids,
                Merges = [.. merges.Keys],
                AddedTokens = TokenizerDefinition.WithIds(ids, added),
            }
        );
    }

    private static Dictionary<string, long> CountPieces(IEnumerable<string> texts, AddedToken[] added)
    {
        var matcher = new AddedTokenMatcher(added.Select(token => (token.Content, token)));
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var composed = CanonicalComposition.Normalize(text);
            foreach (var plain in matcher.Split(composed, allowSpecialTokens: true).Where(piece => piece.Token is null))
            {
                for (var at = plain.Start; at < plain.End; )
                {
                    var end = at + Qwen2Pattern.EndOfPiece(composed.AsSpan(at, plain.End - at), 0);
                    var piece = composed[at..end];
                    counts[piece] = counts.GetValueOrDefault(piece) + 1;
                    at = end;
                }
            }
        }
        return counts;
    }
}
