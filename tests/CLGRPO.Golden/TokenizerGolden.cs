using System.Text.Json;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Golden;

/// <summary>tokenizer/*: Hugging Face's ids and texts against our tokenizer, for every vocabulary there is a folder of.</summary>
internal sealed class TokenizerGolden : IGoldenWalker
{
    public string Folder => "tokenizer";

    public GoldenResult Walk(string folder)
    {
        var tally = new CaseTally();
        foreach (var vocabulary in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(vocabulary);
            Tokenizer? tokenizer = null;
            if (!tally.Prepare($"{name} loads", () => tokenizer = TokenizerFolder.Load(vocabulary)))
            {
                continue;
            }
            WalkLines(Path.Combine(vocabulary, "cases.jsonl"), name, tally, item => Encoding(tokenizer!, item));
            WalkLines(Path.Combine(vocabulary, "decode.jsonl"), name, tally, item => Decoding(tokenizer!, item));
        }
        return tally.Result;
    }

    private static void WalkLines(string path, string name, CaseTally tally, Action<JsonElement> check)
    {
        foreach (var (i, line) in File.ReadLines(path).Index())
        {
            using var item = JsonDocument.Parse(line);
            tally.Case($"{name}/{Path.GetFileName(path)}:{i + 1}", () => check(item.RootElement));
        }
    }

    private static void Encoding(Tokenizer tokenizer, JsonElement item)
    {
        var text = item.GetProperty("text").GetString()!;
        var plain = tokenizer.Encode(text);
        Expect.SameItems("ids", Ints(item.GetProperty("ids")), tokenizer.Encode(text, allowSpecialTokens: true));
        Expect.SameItems("ids_plain", Ints(item.GetProperty("ids_plain")), plain);
        Expect.Same("decoded", item.GetProperty("decoded").GetString(), tokenizer.Decode([.. plain]));
    }

    private static void Decoding(Tokenizer tokenizer, JsonElement item)
    {
        var ids = Ints(item.GetProperty("ids"));
        Expect.Same("decoded", item.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        Expect.Same(
            "decoded_skip_special",
            item.GetProperty("decoded_skip_special").GetString(),
            tokenizer.Decode(ids, skipSpecialTokens: true)
        );
    }

    private static int[] Ints(JsonElement numbers) => [.. numbers.EnumerateArray().Select(number => number.GetInt32())];
}
