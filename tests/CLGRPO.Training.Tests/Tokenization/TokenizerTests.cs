using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

public sealed class TokenizerTests
{
    private static readonly Tokenizer Small = SmallTokenizer.Instance;

    [Fact]
    public void Encode_SpecialTokensInText_AreTextUnlessAllowed()
    {
        const string text = "<|im_start|>user";
        Assert.Equal(Small.SpecialTokens.ImStart, Small.Encode(text, allowSpecialTokens: true)[0]);
        Assert.DoesNotContain(Small.Encode(text), Small.IsSpecial);
    }

    [Fact]
    public void Encode_AddedTokenThatIsNotSpecial_MatchesEitherWay()
    {
        var id = Small.IdOf("<tool_call>");
        Assert.Equal([id], Small.Encode("<tool_call>"));
        Assert.Equal([id], Small.Encode("<tool_call>", allowSpecialTokens: true));
    }

    [Fact]
    public void Encode_NoText_GivesNoIds() => Assert.Empty(Small.Encode(""));

    [Fact]
    public void Encode_HalfASurrogatePair_CountsAsReplacementCharacter() =>
        Assert.Equal(Small.Encode("a\uFFFDb e\u0301\uFFFD"), Small.Encode("a\uD800b e\u0301\uDC00"));

    [Fact]
    public void Encode_MoreDistinctWordsThanTheCacheHolds_StaysTheSame()
    {
        var tokenizer = Tokenizer.Load(SmallTokenizer.Path);
        var before = tokenizer.Encode("once upon a time");
        tokenizer.Encode(
            string.Join(
                ' ',
                Enumerable.Range(0, 70_000).Select(i => Convert.ToHexString(BitConverter.GetBytes(i * 7919)))
            )
        );
        Assert.Equal(before, tokenizer.Encode("once upon a time"));
    }

    [Fact]
    public void Encode_FromManyThreads_GivesTheSameIds()
    {
        var tokenizer = Tokenizer.Load(SmallTokenizer.Path);
        string[] texts = [.. GeneratedTexts.Make(seed: 5, count: 200)];
        var expected = texts.Select(text => Small.Encode(text)).ToArray();
        Parallel.For(0, 8, _ => Assert.Equal(expected, texts.Select(text => tokenizer.Encode(text))));
    }

    [Fact]
    public void Decode_SkipSpecialTokens_LeavesThemOut()
    {
        int[] ids = [Small.SpecialTokens.ImStart, .. Small.Encode("hi"), Small.SpecialTokens.ImEnd];
        Assert.Equal("<|im_start|>hi<|im_end|>", Small.Decode(ids));
        Assert.Equal("hi", Small.Decode(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void Decode_IdsBeyondTheVocabulary_AreNothing() =>
        Assert.Equal("a", Small.Decode([Small.VocabularySize, Small.IdOf("a"), -1, int.MaxValue]));

    [Fact]
    public void IdOf_UnknownToken_NamesIt()
    {
        var error = Assert.Throws<KeyNotFoundException>(() => Small.IdOf("no such token"));
        Assert.Contains("no such token", error.Message, StringComparison.Ordinal);
        Assert.False(Small.TryIdOf("no such token", out _));
    }

    [Fact]
    public void TokenOf_EveryId_IsTheInverseOfIdOf() =>
        Assert.All(Enumerable.Range(0, Small.VocabularySize), id => Assert.Equal(id, Small.IdOf(Small.TokenOf(id))));

    [Fact]
    public void TokenOf_IdBeyondTheVocabulary_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Small.TokenOf(Small.VocabularySize));
        Assert.Throws<ArgumentOutOfRangeException>(() => Small.BytesOf(-1).Length);
    }

    [Fact]
    public void BytesOf_TokenWithASpace_GivesTheByte() => Assert.Equal(" "u8, Small.BytesOf(Small.IdOf("Ġ")));

    [Fact]
    public void Save_ThenLoad_IsTheSameTokenizer()
    {
        using var file = new TemporaryFile();
        Small.Save(file.Path);
        var loaded = Tokenizer.Load(file.Path);
        Assert.Equal(Small.Fingerprint, loaded.Fingerprint);
        Assert.All(
            GeneratedTexts.Make(seed: 6, count: 200),
            text =>
                Assert.Equal(
                    Small.Encode(text, allowSpecialTokens: true),
                    loaded.Encode(text, allowSpecialTokens: true)
                )
        );
    }

    [Fact]
    public void Load_VocabularyAndMergesFiles_IsTheSameTokenizer()
    {
        using var vocabulary = new TemporaryFile();
        using var merges = new TemporaryFile();
        _ = SmallTokenizer.Changed(json =>
        {
            File.WriteAllText(vocabulary.Path, json.Vocabulary().ToJsonString());
            File.WriteAllLines(
                merges.Path,
                ["#version: 0.2", .. json.Merges().Select(merge => $"{merge![0]} {merge[1]}")]
            );
        });
        var loaded = Tokenizer.Load(
            vocabulary.Path,
            merges.Path,
            Small.AddedTokens.Select(token => token with { Id = null })
        );
        Assert.Equal(Small.Fingerprint, loaded.Fingerprint);
    }

    [Fact]
    public void WithAddedTokens_NoId_TakesTheNext()
    {
        var more = Small.WithAddedTokens([new AddedToken("<think>", Special: false)]);
        Assert.Equal(Small.VocabularySize, more.IdOf("<think>"));
        Assert.Equal([Small.VocabularySize], more.Encode("<think>"));
    }

    [Fact]
    public void SpecialTokens_OneMissing_IsNamed()
    {
        var without = SmallTokenizer.Changed(json => json.AddedToken(5)["content"] = "<other>");
        var error = Assert.Throws<InvalidDataException>(() => without.SpecialTokens);
        Assert.Contains("<IMG_CONTEXT>", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StreamingDecoder_CharactersOverSeveralTokens_AreHeldBack()
    {
        var decoder = new StreamingDecoder(Small);
        var pieces = Small.Encode("😀!").Select(decoder.Append).ToList();
        Assert.Equal("😀!", string.Concat(pieces) + decoder.Flush());
        Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD', StringComparison.Ordinal));
        Assert.Equal("", pieces[0]);
    }

    [Fact]
    public void StreamingDecoder_EndsInsideACharacter_FlushesReplacement()
    {
        var decoder = new StreamingDecoder(Small);
        Assert.Equal("", decoder.Append(Small.Encode("😀")[0]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("a", decoder.Append(Small.IdOf("a")));
    }
}
