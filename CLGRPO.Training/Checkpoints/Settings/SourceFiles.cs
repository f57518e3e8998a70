using System.Text.Json.Nodes;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>
/// The files of the folder a model came from, so that a folder saved later has all that transformers needs. Files that are
/// not known here stay behind, Python code among them: a model folder carries data.
/// </summary>
/// <param name="Folder">Where they lay.</param>
/// <param name="Config">config.json.</param>
/// <param name="Preprocessor">preprocessor_config.json.</param>
/// <param name="Generation">generation_config.json.</param>
/// <param name="Texts">Name → bytes of the tokenizer's and the chat's files, kept as they are.</param>
internal sealed record SourceFiles(
    string Folder,
    JsonObject Config,
    JsonObject? Preprocessor,
    JsonObject? Generation,
    IReadOnlyDictionary<string, byte[]> Texts
)
{
    public const string ConfigName = "config.json";
    public const string PreprocessorName = "preprocessor_config.json";
    public const string GenerationName = "generation_config.json";
    public const string TokenizerName = "tokenizer.json";

    private const long MaxBytes = 64L << 20;

    private static readonly string[] Carried =
    [
        TokenizerName,
        "vocab.json",
        "merges.txt",
        "added_tokens.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "chat_template.jinja",
        "chat_template.json",
        "processor_config.json",
        "video_preprocessor_config.json",
        "LICENSE",
    ];

    public static SourceFiles Read(string folder)
    {
        var config = Path.Combine(folder, ConfigName);
        if (!File.Exists(config))
            throw new ModelException($"{folder} has no {ConfigName}; a model folder says its shape there.");
        return new SourceFiles(
            folder,
            SmallJson.Read(config),
            SmallJson.TryRead(Path.Combine(folder, PreprocessorName)),
            SmallJson.TryRead(Path.Combine(folder, GenerationName)),
            Carried
                .Where(name => File.Exists(Path.Combine(folder, name)))
                .ToDictionary(name => name, name => ReadLimited(Path.Combine(folder, name)), StringComparer.Ordinal)
        );
    }

    private static byte[] ReadLimited(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= MaxBytes
            ? File.ReadAllBytes(path)
            : throw new ModelException($"{path} has {length} bytes; at most {MaxBytes} are read.");
    }
}
