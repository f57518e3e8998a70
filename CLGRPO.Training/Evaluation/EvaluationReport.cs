using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Training.Evaluation;

/// <summary>The method's main table: every stage's checkpoint on the same held-out images.</summary>
public sealed record EvaluationReport
{
    /// <summary>The row that the others are compared with: the model fine-tuned on labels only.</summary>
    public const string BaselineName = "baseline";

    /// <summary>Keys in snake_case, an interval as [low, high].</summary>
    internal static JsonSerializerOptions Json { get; } =
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            WriteIndented = true,
            Converters = { new IntervalConverter() },
        };

    /// <summary>The data set's name.</summary>
    public required string Dataset { get; init; }

    /// <summary>How many held-out images every row was evaluated on.</summary>
    public required int HeldOut { get; init; }

    /// <summary>From the start of the work to the report, seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Baseline and stages, in their order.</summary>
    public required IReadOnlyList<EvaluationRow> Rows { get; init; }

    /// <summary>The row the others are compared with, if it was evaluated.</summary>
    [JsonIgnore]
    public EvaluationRow? Baseline =>
        Rows.FirstOrDefault(row => string.Equals(row.Name, BaselineName, StringComparison.Ordinal));

    /// <summary>The report as indented JSON, keys in snake_case.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads a report; unknown keys are left out.</summary>
    /// <exception cref="JsonException">Not a report: no JSON, or a key is missing or of another kind.</exception>
    public static EvaluationReport Parse(string json) =>
        JsonSerializer.Deserialize<EvaluationReport>(json, Json)
        ?? throw new JsonException("A report is a JSON object, not null.");

    /// <summary>Writes report.json next to its final place, then renames it.</summary>
    public void Save(string path)
    {
        var temporary = path + ".tmp";
        File.WriteAllText(temporary, ToJson() + "\n");
        File.Move(temporary, path, overwrite: true);
    }

    private sealed class IntervalConverter : JsonConverter<Interval>
    {
        public override Interval Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<double[]>(ref reader, options) is [var low, var high]
                ? new Interval(low, high)
                : throw new JsonException("An interval is [low, high].");

        public override void Write(Utf8JsonWriter writer, Interval value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(value.Low);
            writer.WriteNumberValue(value.High);
            writer.WriteEndArray();
        }
    }
}

/// <summary>One checkpoint's scores.</summary>
public sealed record EvaluationRow
{
    /// <summary><c>baseline</c>, <c>stage-1</c> … <c>stage-4</c>, or an ablation's name.</summary>
    public required string Name { get; init; }

    /// <summary>With the most probable token at every step.</summary>
    public required EvaluationScores Greedy { get; init; }

    /// <summary>Sampled at temperature 1.</summary>
    public required EvaluationScores Sampled { get; init; }

    /// <summary>What training this stage took, seconds, without its parents.</summary>
    public required double TrainSeconds { get; init; }
}
