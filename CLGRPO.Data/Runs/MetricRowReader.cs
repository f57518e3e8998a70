using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Data.Runs;

/// <summary>
/// Reads metrics into rows. A run writes the same names step after step: they are compared with those of the row before, byte by
/// byte, and neither made into text nor hashed again.
/// </summary>
internal sealed class MetricRowReader : JsonConverter<IReadOnlyDictionary<string, double>>
{
    private volatile Known _newest = new([]);

    public override MetricRow Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"Metrics are an object, not {reader.TokenType}.");
        var known = _newest;
        var values = new double[known.Names.Count];
        var count = 0;
        while (Next(ref reader))
        {
            if (count == values.Length || !reader.ValueTextEquals(known.Bytes[count]))
                return ReadOthers(ref reader, known, values.AsSpan(0, count));
            values[count++] = Value(ref reader);
        }
        return count == values.Length
            ? new MetricRow(known.Names, values)
            : Row(known.Names.Take(count), values[..count]);
    }

    public override void Write(
        Utf8JsonWriter writer,
        IReadOnlyDictionary<string, double> value,
        JsonSerializerOptions options
    )
    {
        writer.WriteStartObject();
        foreach (var (name, number) in value)
        {
            if (double.IsFinite(number))
                writer.WriteNumber(name, number);
            else
                writer.WriteString(name, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        writer.WriteEndObject();
    }

    // From the first name on that the row before has not in this place. A name that comes twice has its last value.
    private MetricRow ReadOthers(ref Utf8JsonReader reader, Known known, ReadOnlySpan<double> before)
    {
        var row = new OrderedDictionary<string, double>(StringComparer.Ordinal);
        for (var place = 0; place < before.Length; place++)
            row.Add(known.Names[place], before[place]);
        do
        {
            var name = reader.GetString()!;
            row[name] = Value(ref reader);
        } while (Next(ref reader));
        return Row(row.Keys, [.. row.Values]);
    }

    private MetricRow Row(IEnumerable<string> names, double[] values)
    {
        var known = new Known([.. names]);
        _newest = known;
        return new MetricRow(known.Names, values);
    }

    /// <returns>True where the reader stands at a name, false at the end.</returns>
    private static bool Next(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static double Value(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Number => reader.GetDouble(),
            JsonTokenType.String when reader.ValueTextEquals("NaN"u8) => double.NaN,
            JsonTokenType.String when reader.ValueTextEquals("Infinity"u8) => double.PositiveInfinity,
            JsonTokenType.String when reader.ValueTextEquals("-Infinity"u8) => double.NegativeInfinity,
            _ => throw new JsonException($"A metric is a number, not {reader.TokenType}."),
        };
    }

    private sealed class Known(IReadOnlyList<string> names)
    {
        public MetricNames Names { get; } = new(names);

        public byte[][] Bytes { get; } = [.. names.Select(Encoding.UTF8.GetBytes)];
    }
}
