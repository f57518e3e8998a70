using System.Text.Json;
using CLGRPO.Golden;

namespace CLGRPO.Training.Tests.Tokenization;

/// <summary>Hugging Face's own library, from npm, called through a small Node script.</summary>
internal static class HuggingFace
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<string> Installed = new(Install);

    public sealed record Request
    {
        public required string Tokenizer { get; init; }
        public IReadOnlyList<string> Added { get; init; } = [];
        public IReadOnlyList<string> Texts { get; init; } = [];
        public IReadOnlyList<int[]> Ids { get; init; } = [];
        public IReadOnlyList<string> Timed { get; init; } = [];
    }

    /// <param name="Encoded">The ids of each text, special tokens recognised.</param>
    /// <param name="Decoded">The text of each list of ids.</param>
    /// <param name="Seconds">What encoding the timed lines took, one call a line.</param>
    /// <param name="TimedTokens">How many tokens they are.</param>
    public sealed record Answer(int[][] Encoded, string[] Decoded, double Seconds, int TimedTokens);

    public static Answer Ask(Request request)
    {
        using var question = new TemporaryFile();
        using var answer = new TemporaryFile();
        File.WriteAllText(question.Path, JsonSerializer.Serialize(request, CamelCase));
        Command.Run("node", ["encode.cjs", question.Path, answer.Path], Installed.Value);
        return JsonSerializer.Deserialize<Answer>(File.ReadAllText(answer.Path), CamelCase)!;
    }

    // npm ci installs exactly what package-lock.json pins, hash and all; the result is moved into place whole.
    private static string Install()
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Tokenization", "huggingface");
        var parent = Path.Combine(NpmFile.CacheFolder(), "npm");
        var installed = Path.Combine(parent, "huggingface-tokenizers-0.6.0");
        if (!Directory.Exists(installed))
        {
            var fresh = Directory.CreateDirectory(Path.Combine(parent, $"tmp-{Guid.NewGuid():N}")).FullName;
            foreach (var name in (string[])["package.json", "package-lock.json"])
            {
                File.Copy(Path.Combine(source, name), Path.Combine(fresh, name));
            }
            Command.Run("npm", ["ci", "--silent", "--no-audit", "--no-fund"], fresh);
            Directory.Move(fresh, installed);
        }
        File.Copy(Path.Combine(source, "encode.cjs"), Path.Combine(installed, "encode.cjs"), overwrite: true);
        return installed;
    }
}
