using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Data.Runs;

/// <summary>What a live frame tells.</summary>
public enum LiveFrameType
{
    /// <summary>Everything in progress, for a reader that has just come or has lost frames: forget what came before.</summary>
    Snapshot,

    /// <summary>A stage, a step or a phase of it began.</summary>
    Status,

    /// <summary>Prompts whose completions are sampled from now on.</summary>
    Groups,

    /// <summary>What completions grew by.</summary>
    Tokens,

    /// <summary>Rewards and advantages of the step's groups.</summary>
    Scores,

    /// <summary>The tokens at which the clip stopped the update.</summary>
    Clipped,

    /// <summary>An optimizer step was done.</summary>
    Step,

    /// <summary>Something to look at.</summary>
    Alarm,

    /// <summary>The process ends; the run's record says why.</summary>
    End,
}

/// <summary>
/// One line of the live socket: what a training process does, as it does it. Which fields are there depends on the type; see docs/live.md.
/// </summary>
public sealed record LiveFrame
{
    /// <summary>The format's version that this build writes.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The format's version.</summary>
    [JsonPropertyName("v")]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What the frame tells.</summary>
    public required LiveFrameType Type { get; init; }

    /// <summary>When the newest of what it tells happened: milliseconds since 1970, UTC.</summary>
    public long Time { get; init; }

    /// <summary>Snapshots only: frames that this reader missed since its last one.</summary>
    public long? Dropped { get; init; }

    /// <summary>The run's id.</summary>
    public string? Run { get; init; }

    public string? Stage { get; init; }

    /// <summary>The step in hand, counted from 1; for <see cref="LiveFrameType.Step"/> the one that is done.</summary>
    public int? Step { get; init; }

    /// <summary>Steps of the stage.</summary>
    public int? Steps { get; init; }

    /// <summary>What the process is at: generate, reward, reference, update, train, validate, save, evaluate, paused.</summary>
    public string? Phase { get; init; }

    public IReadOnlyList<LiveGroup>? Groups { get; init; }

    public IReadOnlyList<LiveTokens>? Tokens { get; init; }

    public IReadOnlyList<LiveScores>? Scores { get; init; }

    public IReadOnlyList<LiveClip>? Clipped { get; init; }

    /// <summary>Metric → value, under the names TRL uses.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>A sentence.</summary>
    public string? Message { get; init; }

    /// <summary>The frame as a line, its end included.</summary>
    public byte[] ToLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <exception cref="JsonException">The line is not a frame of this version.</exception>
    public static LiveFrame Parse(ReadOnlySpan<byte> line)
    {
        var frame =
            JsonSerializer.Deserialize<LiveFrame>(line, Json) ?? throw new JsonException("null is not a live frame.");
        return frame.Version == CurrentVersion
            ? frame
            : throw new JsonException(
                $"A live frame has version {frame.Version}; this build reads {CurrentVersion}. Run site and trainer from the same build."
            );
    }
}

/// <summary>A prompt whose group is sampled.</summary>
/// <param name="Group">Names the group within its step; 0, 1, 2 ….</param>
/// <param name="Sample">Id of the dataset's sample.</param>
/// <param name="Image">SHA-256 of its image.</param>
/// <param name="Prompt">The prompt's text.</param>
/// <param name="Label">The right answer.</param>
/// <param name="Size">Completions of the group (G).</param>
public sealed record LiveGroup(int Group, string Sample, string Image, string Prompt, string Label, int Size);

/// <summary>What a completion grew by.</summary>
/// <param name="Completion">0 … G − 1.</param>
/// <param name="At">Place of the first of these tokens in the completion; a gap before it means that frames were lost.</param>
/// <param name="Text">Of each token; empty for the end token, and where a character's bytes go on in the next one.</param>
/// <param name="End">"stop" or "length" with the last token; null before.</param>
public sealed record LiveTokens(int Group, int Completion, int At, IReadOnlyList<string> Text, string? End);

/// <summary>A group's rewards.</summary>
/// <param name="Rewards">Reward function → value of each completion, unweighted; NaN where it gave none.</param>
/// <param name="Reward">[G]: the weighted sums.</param>
/// <param name="Advantage">[G].</param>
public sealed record LiveScores(
    int Group,
    IReadOnlyDictionary<string, IReadOnlyList<double>> Rewards,
    IReadOnlyList<double> Reward,
    IReadOnlyList<double> Advantage
);

/// <summary>Tokens of a completion that the clip stopped in the step's last pass over it.</summary>
/// <param name="Low">Places where ρ fell below 1 − ε_low while the advantage was negative.</param>
/// <param name="High">Places where ρ rose above 1 + ε_high while the advantage was positive.</param>
public sealed record LiveClip(int Group, int Completion, IReadOnlyList<int> Low, IReadOnlyList<int> High);
