using System.Diagnostics;
using System.Text.Json.Nodes;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

/// <summary>Files and texts that mean harm: refused with a message, or handled in linear time.</summary>
public sealed class TokenizerAbuseTests
{
    /// <summary>Name, change to the file, words of the refusal.</summary>
    public static TheoryData<string, Action<JsonObject>, string> BrokenFiles =>
        new()
        {
            { "duplicate id", json => json.Vocabulary()["a"] = 5, "share the id 5" },
            { "id gap", json => json.AddedToken(13)["id"] = 5000, "without a gap" },
            { "negative id", json => json.Vocabulary()["a"] = -1, "has the id -1" },
            { "fractional id", json => json.Vocabulary()["a"] = 1.5, "whole numbers" },
            { "byte without token", RenameA, "byte 0x61 has no token" },
            { "empty token", json => Rename(json, "er", ""), "empty token" },
            { "token of no bytes", json => Rename(json, "er", "€€"), "stands for no byte" },
            { "merge of unknown token", json => json.Merges()[0] = new JsonArray("a", "€"), "lacks" },
            { "merge into unknown token", json => json.Merges()[0] = new JsonArray("~", "~"), "“~~”" },
            { "merge of three", json => json.Merges()[0] = new JsonArray("a", "b", "c"), "pair" },
            { "merge twice", json => json.Merges().Add(json.Merges()[0]!.DeepClone()), "twice" },
            { "merge text", json => json.Merges()[0] = "a b c", "one space between" },
            { "special token by merge", json => MakeSpecial(json, "er"), "plain text would make it" },
            { "special token of a byte", json => MakeSpecial(json, "a"), "token of a byte" },
            { "added token empty", json => json.AddedToken(0)["content"] = "", "empty" },
            { "added token long", json => json.AddedToken(0)["content"] = new string('x', 1001), "1001 characters" },
            { "added token twice", json => json.AddedToken(0)["content"] = "<img>", "there twice" },
            {
                "added token elsewhere in the vocabulary",
                json => json.AddedToken(0)["content"] = "er",
                "ids must agree"
            },
            { "single_word", json => json.AddedToken(0)["single_word"] = true, "single_word" },
            { "model", json => json["model"]!["type"] = "Unigram", "only BPE" },
            { "no model", json => json.Remove("model"), "model is missing" },
            { "byte fallback", json => json["model"]!["byte_fallback"] = true, "byte_fallback" },
            { "prefix", json => json["model"]!["continuing_subword_prefix"] = "##", "continuing_subword_prefix" },
            { "dropout", json => json["model"]!["dropout"] = 0.1, "dropout" },
            { "normalizer", json => json["normalizer"]!["type"] = "NFKC", "only NFC" },
            { "pre-tokenizer", json => json["pre_tokenizer"]!["type"] = "Whitespace", "only a Sequence" },
            { "decoder", json => json["decoder"]!["type"] = "WordPiece", "only ByteLevel" },
            {
                "post-processor",
                json => json["post_processor"] = new JsonObject { ["type"] = "TemplateProcessing" },
                "post_processor"
            },
            { "wrong kind", json => json["added_tokens"] = "all", "requires an element of type" },
        };

    [Theory]
    [MemberData(nameof(BrokenFiles), DisableDiscoveryEnumeration = true)]
    [Trait("Id", "A-TOK-1")]
    public void Load_BrokenFile_IsRefusedWithTheReason(string name, Action<JsonObject> change, string reason) =>
        Assert.True(
            SmallTokenizer.Refusal(change).Contains(reason, StringComparison.Ordinal),
            $"{name}: {SmallTokenizer.Refusal(change)}"
        );

    [Theory]
    [Trait("Id", "A-TOK-1")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"model": {}, "model": {}}""")]
    public void Load_NotATokenizer_IsRefused(string text) =>
        Assert.Throws<InvalidDataException>(() => SmallTokenizer.Written(text));

    [Theory]
    [Trait("Id", "A-TOK-1")]
    [InlineData("\"<tool_call>\"", "\"\\ud800\"")]
    [InlineData("\"er\"", "\"\\udc00\"")]
    public void Load_LoneSurrogates_AreRefused(string token, string broken)
    {
        var json = File.ReadAllText(SmallTokenizer.Path);
        Assert.Contains(token, json, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() =>
            SmallTokenizer.Written(json.Replace(token, broken, StringComparison.Ordinal))
        );
    }

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void Load_DeeplyNested_IsRefused() =>
        Assert.Throws<InvalidDataException>(() =>
            SmallTokenizer.Written($$"""{"x": {{new string('[', 65)}}{{new string(']', 65)}}}""")
        );

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void Load_MoreThan64Megabytes_IsRefusedUnread()
    {
        using var file = new TemporaryFile();
        using (var stream = File.Create(file.Path))
        {
            stream.SetLength((64L << 20) + 1);
        }
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(file.Path));
        Assert.Contains("67108865 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void Load_TooManyMerges_IsRefused() =>
        Assert.Contains(
            "1000001 merges",
            SmallTokenizer.Refusal(json =>
                json["model"]!["merges"] = new JsonArray([
                    .. Enumerable.Range(0, 1_000_001).Select(_ => JsonValue.Create("a a")),
                ])
            ),
            StringComparison.Ordinal
        );

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void Fingerprint_SwappedIds_Differs()
    {
        var swapped = SmallTokenizer.Changed(json =>
        {
            var vocabulary = json.Vocabulary();
            (vocabulary["a"], vocabulary["b"]) = ((int)vocabulary["b"]!, (int)vocabulary["a"]!);
        });
        Assert.NotEqual(SmallTokenizer.Instance.Fingerprint, swapped.Fingerprint);
    }

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void RequireFits_FewerRowsThanTokens_IsRefused()
    {
        var tokenizer = SmallTokenizer.Instance;
        tokenizer.RequireFits(tokenizer.VocabularySize);
        Assert.Throws<InvalidDataException>(() => tokenizer.RequireFits(tokenizer.VocabularySize - 1));
    }

    [Fact]
    [Trait("Id", "A-TOK-1")]
    public void Encode_AddedTokensInsideEachOther_TakesTheLongest()
    {
        var nested = SmallTokenizer.Instance.WithAddedTokens([
            new("<a<b>>", Special: false),
            new("<b>", Special: false),
        ]);
        Assert.Equal([nested.IdOf("<a<b>>"), nested.IdOf("<b>")], nested.Encode("<a<b>><b>"));
    }

    [Theory]
    [Trait("Id", "A-TOK-2")]
    [InlineData("(a+)+$")]
    [InlineData(@"\p{N}{1,3}| ?\p{L}+")]
    public void Load_PatternThatIsNotKnown_IsRefusedAndNeverRun(string pattern) =>
        Assert.Contains(
            pattern,
            SmallTokenizer.Refusal(json => json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = pattern),
            StringComparison.Ordinal
        );

    // Quadratic merging of these would take hours; each takes about a second.
    [Theory]
    [Trait("Id", "A-TOK-4")]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("\u0301")]
    [InlineData("<")]
    [InlineData("👩\u200D")]
    [InlineData("\uFDFA")]
    [InlineData("ab'")]
    public void Encode_MegabyteOfOneThing_TakesLinearTime(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        var watch = Stopwatch.StartNew();
        var ids = SmallTokenizer.Instance.Encode(text);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
        Assert.Equal(text, SmallTokenizer.Instance.Decode([.. ids]));
    }

    [Fact]
    [Trait("Id", "A-TOK-4")]
    public void Encode_TextBeyondTheLimit_IsRefusedFirst()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            SmallTokenizer.Instance.Encode(new string('a', Tokenizer.MaxTextLength + 1))
        );
        Assert.Contains($"at most {Tokenizer.MaxTextLength}", error.Message, StringComparison.Ordinal);
    }

    private static void RenameA(JsonObject json) => Rename(json, "a", "zzzz");

    private static void Rename(JsonObject json, string token, string name)
    {
        var vocabulary = json.Vocabulary();
        var id = (int)vocabulary[token]!;
        vocabulary.Remove(token);
        vocabulary[name] = id;
    }

    private static void MakeSpecial(JsonObject json, string token)
    {
        var added = json.AddedToken(13).DeepClone().AsObject();
        added["content"] = token;
        added["id"] = (int)json.Vocabulary()[token]!;
        added["special"] = true;
        json["added_tokens"]!.AsArray().Add(added);
    }
}
