using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

public sealed class TokenizerTrainerTests
{
    private static readonly AddedToken[] Tags =
    [
        .. ((string[])["<think>", "</think>", "<answer>", "</answer>"]).Select(tag => new AddedToken(
            tag,
            Special: false
        )),
    ];

    [Fact]
    public void Train_FrequentPairs_AreJoinedMostFrequentFirst()
    {
        // Pieces: “abab” ×2, “ab” ×1: (a,b) 5 times, then (ab,ab) twice.
        var tokenizer = TokenizerTrainer.Train(["abab", "abab", "ab"], 300, []);
        Assert.Equal(256, tokenizer.IdOf("ab"));
        Assert.Equal(257, tokenizer.IdOf("abab"));
        Assert.Equal(258, tokenizer.SpecialTokens.EndOfText);
        Assert.Equal([257, 256], tokenizer.Encode("ababab"));
    }

    [Fact]
    public void Train_EquallyFrequentPairs_LowerIdsFirst()
    {
        var tokenizer = TokenizerTrainer.Train(["yz", "bc", "yz", "bc", "ba", "ba"], 300, []);
        Assert.Equal(256, tokenizer.IdOf("ba"));
        Assert.Equal(257, tokenizer.IdOf("bc"));
        Assert.Equal(258, tokenizer.IdOf("yz"));
    }

    [Fact]
    public void Train_TextsInAnotherOrder_GivesTheSameTokenizer()
    {
        string[] texts = [.. GeneratedTexts.Make(seed: 21, count: 400)];
        var forwards = TokenizerTrainer.Train(texts, 700, Tags);
        var backwards = TokenizerTrainer.Train(texts.Reverse(), 700, Tags);
        Assert.Equal(700 + 6 + 4, forwards.VocabularySize);
        Assert.Equal(forwards.Fingerprint, backwards.Fingerprint);
    }

    [Fact]
    public void Train_NoPairOccursTwice_StopsEarly() =>
        Assert.Equal(256 + 6, TokenizerTrainer.Train(["abcdefg"], 10_000, []).VocabularySize);

    [Fact]
    public void Train_AddedTokens_AreOneTokenAndNotLearntFrom()
    {
        var tokenizer = TokenizerTrainer.Train(Enumerable.Repeat("<think>joy</think>", 50), 300, Tags);
        var ids = tokenizer.Encode("<think>joy</think><answer>joy</answer>");
        Assert.Equal(6, ids.Count);
        Assert.False(tokenizer.TryIdOf("think", out _));
        Assert.Equal("<think>joy</think><answer>joy</answer>", tokenizer.Decode([.. ids], skipSpecialTokens: true));
    }

    // Merging the word again with the learnt rules must end where learning ended: compare with a plain recount.
    [Fact]
    public void Train_GeneratedTexts_AgreesWithAPlainRecount()
    {
        string[] texts =
        [
            .. GeneratedTexts.Make(seed: 22, count: 150).Where(text => !text.Contains('<', StringComparison.Ordinal)),
        ];
        var tokenizer = TokenizerTrainer.Train(texts, 330, []);
        Assert.Equal(PlainMerges(texts, 330 - 256), Enumerable.Range(256, 330 - 256).Select(tokenizer.TokenOf));
    }

    private static IEnumerable<string> PlainMerges(string[] texts, int count)
    {
        var ids = ByteAlphabet
            .Order.Index()
            .ToDictionary(entry => ByteAlphabet.CharacterOf(entry.Item).ToString(), entry => entry.Index);
        var words = texts.SelectMany(Pieces).Select(word => word.ToList()).ToList();
        for (var merge = 0; merge < count; merge++)
        {
            var (left, right) = words
                .SelectMany(word => word.Zip(word.Skip(1)))
                .CountBy(pair => pair)
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => ids[pair.Key.First])
                .ThenBy(pair => ids[pair.Key.Second])
                .First()
                .Key;
            ids.Add(left + right, ids.Count);
            foreach (var word in words)
            {
                for (var at = 0; at + 1 < word.Count; at++)
                {
                    if (word[at] == left && word[at + 1] == right)
                    {
                        word[at] = left + right;
                        word.RemoveAt(at + 1);
                    }
                }
            }
            yield return left + right;
        }
    }

    private static IEnumerable<IEnumerable<string>> Pieces(string raw)
    {
        var text = Training.Tokenization.Normalization.CanonicalComposition.Normalize(raw);
        for (var at = 0; at < text.Length; )
        {
            var end = Qwen2Pattern.EndOfPiece(text, at);
            yield return System
                .Text.Encoding.UTF8.GetBytes(text[at..end])
                .Select(b => ByteAlphabet.CharacterOf(b).ToString());
            at = end;
        }
    }
}
