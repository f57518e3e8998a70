using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>The completions of one prompt: a line of <c>rollouts/step.ndjson</c>.</summary>
/// <param name="Sample">Id of the dataset's sample.</param>
/// <param name="Image">SHA-256 of its image.</param>
/// <param name="Prompt">The prompt's text.</param>
/// <param name="Label">The right answer.</param>
/// <param name="Tiles">Tiles of the image as sampled and trained on, thumbnail included.</param>
public sealed record RolloutGroup(
    string Sample,
    string Image,
    string Prompt,
    string Label,
    int Tiles,
    IReadOnlyList<RolloutCompletion> Completions
);

/// <summary>One sampled completion.</summary>
/// <param name="Text">As sampled, without the end token.</param>
/// <param name="Rewards">Reward function → value, unweighted.</param>
/// <param name="Reward">The weighted sum.</param>
/// <param name="Advantage">What the policy update used.</param>
/// <param name="Tokens">Sampled tokens, the end token included.</param>
/// <param name="Truncated">Cut at the length limit, without an end token.</param>
public sealed record RolloutCompletion(
    string Text,
    IReadOnlyDictionary<string, double> Rewards,
    double Reward,
    double Advantage,
    int Tokens,
    bool Truncated
);

/// <summary>Writes and reads the rollouts of a step.</summary>
public static class RolloutLog
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The file of a step: <c>rollouts/12.ndjson</c>.</summary>
    /// <param name="stage">Names a subfolder in a run of several stages.</param>
    public static string PathOf(RunDirectory run, int step, string? stage = null) =>
        Path.Combine(run.RolloutsPath, stage ?? "", $"{step}.ndjson");

    /// <summary>Writes a step's groups in one go; a resumed run replaces those of the branch it abandons.</summary>
    public static void Write(RunLock runLock, int step, IEnumerable<RolloutGroup> groups, string? stage = null)
    {
        var path = PathOf(runLock.Run, step, stage);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(
            path,
            stream =>
            {
                foreach (var group in groups)
                {
                    JsonSerializer.Serialize(stream, group, Json);
                    stream.WriteByte((byte)'\n');
                }
            }
        );
    }

    /// <summary>Reads a step's groups, one at a time.</summary>
    /// <exception cref="FileNotFoundException">The step has no rollouts.</exception>
    public static IEnumerable<RolloutGroup> Read(RunDirectory run, int step, string? stage = null) =>
        File.ReadLines(PathOf(run, step, stage)).Select(line => JsonSerializer.Deserialize<RolloutGroup>(line, Json)!);
}
