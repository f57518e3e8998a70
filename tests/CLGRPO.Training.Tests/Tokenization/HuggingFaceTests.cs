using System.Diagnostics;
using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

/// <summary>Beside Hugging Face's tokenizers 0.22.2 (npm), on texts and ids from a seed: everything identical.</summary>
public sealed class HuggingFaceTests(ITestOutputHelper output)
{
    private const int Seed = 20250622;

    [Theory]
    [InlineData("small", 3000)]
    [InlineData("qwen2_5", 3000)]
    public void Encode_GeneratedTexts_GivesTheSameIds(string vocabulary, int count)
    {
        var (tokenizer, path) = Load(vocabulary);
        Compare(tokenizer, path, [.. GeneratedTexts.Make(Seed, count)]);
    }

    [Fact]
    public void Encode_EveryCharacterOfThreePlanes_GivesTheSameIds()
    {
        var (tokenizer, path) = Load("qwen2_5");
        Compare(tokenizer, path, [.. GeneratedTexts.EveryCharacter(0, 0x2FFFF)]);
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    public void Encode_FlagsOfAddedTokens_AreHonoured(bool leftStrip, bool rightStrip, bool normalized)
    {
        using var file = new TemporaryFile();
        var json = JsonNode.Parse(File.ReadAllBytes(SmallTokenizer.Path))!.AsObject();
        foreach (var (index, content) in ((int, string)[])[(12, "e\u0301"), (13, "<img"), (0, "<img> x"), (1, "Ås")])
        {
            var token = json.AddedToken(index);
            token["content"] = content;
            token["lstrip"] = leftStrip;
            token["rstrip"] = rightStrip;
            token["normalized"] = normalized;
        }
        File.WriteAllText(file.Path, json.ToJsonString());
        string[] extra =
        [
            "a e\u0301 b",
            "é",
            " \n<img> x<img  ><img>  x",
            "A\u030As Ås\u00A0Ås  .",
            "\u212Bs ",
            "<img",
        ];
        Compare(Tokenizer.Load(file.Path), file.Path, [.. extra, .. GeneratedTexts.Make(Seed + 1, 300)]);
    }

    [Fact]
    public void Save_OurFile_IsReadByHuggingFace()
    {
        using var file = new TemporaryFile();
        var trained = TokenizerTrainer.Train(
            GeneratedTexts.Make(Seed + 2, 500),
            600,
            [new AddedToken("<think>", Special: false)]
        );
        trained.Save(file.Path);
        Compare(trained, file.Path, [.. GeneratedTexts.Make(Seed + 3, 500)]);
    }

    [Theory]
    [InlineData("small")]
    [InlineData("qwen2_5")]
    public void Decode_RandomIds_GivesTheSameText(string vocabulary)
    {
        var (tokenizer, path) = Load(vocabulary);
        var random = new Random(Seed);
        int[] RandomIds(int highest) => [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(highest))];
        int[][] ids =
        [
            .. Enumerable.Range(0, 1000).Select(_ => RandomIds(256)), // single bytes: mostly torn
            .. Enumerable.Range(0, 1000).Select(_ => RandomIds(tokenizer.VocabularySize + 10)),
        ];

        var answer = HuggingFace.Ask(
            new()
            {
                Tokenizer = path,
                Added = Missing(tokenizer, path),
                Ids = ids,
            }
        );

        Assert.Equal(answer.Decoded, ids.Select(list => tokenizer.Decode(list)));
    }

    [Fact]
    public void Encode_EnglishText_IsNoSlowerThanHuggingFace()
    {
        var (tokenizer, path) = Load("qwen2_5");
        string[] lines = [.. EnglishLines(4000)];
        var megabytes = lines.Sum(line => line.Length) / 1e6;
        var theirs = HuggingFace.Ask(
            new()
            {
                Tokenizer = path,
                Added = Missing(tokenizer, path),
                Timed = lines,
            }
        );

        var watch = Stopwatch.StartNew();
        var tokens = lines.Sum(line => tokenizer.Encode(line, allowSpecialTokens: true).Count);
        var seconds = watch.Elapsed.TotalSeconds;

        output.WriteLine(
            $"{megabytes:F2} MB: ours {megabytes / seconds:F1} MB/s, Hugging Face {megabytes / theirs.Seconds:F1} MB/s"
        );
        Assert.Equal(theirs.TimedTokens, tokens);
        Assert.True(seconds < theirs.Seconds, $"ours took {seconds:F3} s, Hugging Face {theirs.Seconds:F3} s");
    }

    private static void Compare(Tokenizer tokenizer, string path, string[] texts)
    {
        var answer = HuggingFace.Ask(
            new()
            {
                Tokenizer = path,
                Added = Missing(tokenizer, path),
                Texts = texts,
            }
        );
        foreach (var (text, expected) in texts.Zip(answer.Encoded))
        {
            var ids = tokenizer.Encode(text, allowSpecialTokens: true);
            Assert.True(expected.SequenceEqual(ids), $"{Escaped(text)}: expected {Show(expected)}, got {Show(ids)}");
        }
        Assert.Equal(texts.Length, answer.Encoded.Length);
    }

    private static (Tokenizer Tokenizer, string Path) Load(string vocabulary)
    {
        var folder = Path.Combine(GoldenFolder.Find(), "tokenizer", vocabulary);
        return (TokenizerFolder.Load(folder), TokenizerFolder.PathOf(folder));
    }

    /// <summary>What the file at <paramref name="path"/> lacks: adding what it has would reset its flags.</summary>
    private static string[] Missing(Tokenizer tokenizer, string path)
    {
        var inFile = Tokenizer.Load(path);
        return
        [
            .. tokenizer
                .AddedTokens.Where(token => !inFile.TryIdOf(token.Content, out _))
                .OrderBy(token => token.Id)
                .Select(token => token.Content),
        ];
    }

    private static IEnumerable<string> EnglishLines(int count)
    {
        string[] subjects =
        [
            "The child in the red coat",
            "An old fisherman",
            "Nobody I know",
            "Her brother's dog",
            "A crowd of 1,250 people",
        ];
        string[] verbs =
        [
            "walks slowly towards",
            "doesn't look at",
            "is laughing about",
            "remembers",
            "will never leave",
        ];
        string[] objects =
        [
            "the burning house",
            "a quiet lake at dawn",
            "what they've lost",
            "the empty carousel",
            "his grandmother's letters",
        ];
        string[] ends =
        [
            ", which evokes sadness.",
            "; the scene feels calm and warm.",
            " while it rains!",
            " (see figure 3).",
            ".",
        ];
        var random = new Random(Seed);
        string One(string[] choices) => choices[random.Next(choices.Length)];
        return Enumerable
            .Range(0, count)
            .Select(_ =>
                string.Join(
                    ' ',
                    Enumerable.Range(0, 8).Select(_ => $"{One(subjects)} {One(verbs)} {One(objects)}{One(ends)}")
                )
            );
    }

    private static string Show(IEnumerable<int> ids) => string.Join(' ', ids);

    private static string Escaped(string text) =>
        string.Concat(text.Select(c => c is >= ' ' and <= '~' ? $"{c}" : $"\\u{(int)c:X4}"));
}
