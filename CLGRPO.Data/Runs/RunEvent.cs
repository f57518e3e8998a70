using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Data.Runs;

/// <summary>What an event tells.</summary>
public enum RunEventType
{
    /// <summary>The run began.</summary>
    RunStarted,

    /// <summary>The run went on from a checkpoint; later steps of the branch before it count no more.</summary>
    Resumed,

    /// <summary>A stage began.</summary>
    Stage,

    /// <summary>An optimizer step was done.</summary>
    Step,

    /// <summary>A checkpoint was sealed.</summary>
    Checkpoint,

    /// <summary>An evaluation was done.</summary>
    Evaluation,

    /// <summary>Something to look at.</summary>
    Warning,

    /// <summary>The run failed.</summary>
    Error,

    /// <summary>The run ended.</summary>
    End,
}

/// <summary>One line of <c>events.ndjson</c>. Which fields are there depends on the type; the factories show it.</summary>
public sealed record RunEvent
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a diverged loss is "NaN", not a crash
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new MetricRowReader(),
        },
    };

    /// <summary>1, 2, 3 … without a gap; set when appended. Order is by this, never by time.</summary>
    public long Number { get; init; }

    /// <summary>When it was appended, UTC.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>What it tells.</summary>
    public required RunEventType Type { get; init; }

    /// <summary>The stage it belongs to; null in a run of a single stage.</summary>
    public string? Stage { get; init; }

    /// <summary>Optimizer steps done in the stage.</summary>
    public int? Step { get; init; }

    /// <summary>For <see cref="RunEventType.Resumed"/>: steps done in the stage at the checkpoint.</summary>
    public int? FromStep { get; init; }

    /// <summary>For <see cref="RunEventType.Stage"/>: steps the stage will have.</summary>
    public int? Steps { get; init; }

    /// <summary>For <see cref="RunEventType.Warning"/>, and errors that have one: what is the matter.</summary>
    public RunWarningKind? Kind { get; init; }

    /// <summary>Metric → value, under the names TRL uses; of a warning those it is about.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>A file or folder in the run, relative to it.</summary>
    public string? Path { get; init; }

    /// <summary>A sentence.</summary>
    public string? Message { get; init; }

    public static RunEvent RunStarted(string? message = null) =>
        new() { Type = RunEventType.RunStarted, Message = message };

    /// <summary>The run goes on after <paramref name="fromStep"/> steps of a stage; 0 is the stage's start.</summary>
    public static RunEvent Resumed(int fromStep, string? stage = null) =>
        new()
        {
            Type = RunEventType.Resumed,
            FromStep = fromStep,
            Stage = stage,
        };

    public static RunEvent StageStarted(string stage, int steps) =>
        new()
        {
            Type = RunEventType.Stage,
            Stage = stage,
            Steps = steps,
        };

    public static RunEvent StepDone(int step, IReadOnlyDictionary<string, double> metrics, string? stage = null) =>
        new()
        {
            Type = RunEventType.Step,
            Step = step,
            Metrics = metrics,
            Stage = stage,
        };

    public static RunEvent CheckpointSealed(int step, string path, string? stage = null) =>
        new()
        {
            Type = RunEventType.Checkpoint,
            Step = step,
            Path = path,
            Stage = stage,
        };

    public static RunEvent Evaluated(
        int step,
        IReadOnlyDictionary<string, double> metrics,
        string? path = null,
        string? stage = null
    ) =>
        new()
        {
            Type = RunEventType.Evaluation,
            Step = step,
            Metrics = metrics,
            Path = path,
            Stage = stage,
        };

    public static RunEvent Warned(RunWarning warning, string? stage = null, int? step = null) =>
        new()
        {
            Type = RunEventType.Warning,
            Kind = warning.Kind,
            Message = warning.Message,
            Metrics = warning.Evidence,
            Stage = stage,
            Step = step,
        };

    public static RunEvent Error(string message, string? stage = null, int? step = null, RunWarningKind? kind = null) =>
        new()
        {
            Type = RunEventType.Error,
            Kind = kind,
            Message = message,
            Stage = stage,
            Step = step,
        };

    /// <summary>The run ended: <c>completed</c>, <c>interrupted</c>, <c>stopped</c>, <c>failed</c> …</summary>
    public static RunEvent End(string message) => new() { Type = RunEventType.End, Message = message };

    internal byte[] ToLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <exception cref="JsonException">The bytes are not an event.</exception>
    internal static RunEvent Parse(ReadOnlySpan<byte> line) =>
        JsonSerializer.Deserialize<RunEvent>(line, Json) ?? throw new JsonException("null is not an event.");
}
