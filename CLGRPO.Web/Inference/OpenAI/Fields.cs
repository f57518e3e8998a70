using System.Globalization;
using System.Text.Json;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>The fields of a JSON object, each of the kind and in the range that it must have; null and absent are the same.</summary>
internal sealed class Fields(JsonElement json, string prefix = "")
{
    public IEnumerable<string> Names => json.EnumerateObject().Select(one => one.Name);

    public bool Has(string name) => Find(name) is not null;

    public bool? Flag(string name) =>
        Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw Wrong(name, "true or false"),
        };

    public string? Text(string name) =>
        Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            _ => throw Wrong(name, "a text"),
        };

    public long? Whole(string name, long low, long high)
    {
        if (Find(name) is not { } value)
            return null;
        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out var number)
            && number >= low
            && number <= high
        )
            return number;
        throw Wrong(
            name,
            high == long.MaxValue ? "a whole number of 64 bits"
                : high == int.MaxValue ? $"a whole number from {low}"
                : $"a whole number from {low} to {high}"
        );
    }

    public double? Real(string name, double low, double high)
    {
        if (Find(name) is not { } value)
            return null;
        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out var number)
            && double.IsFinite(number)
            && number >= low
            && number <= high
        )
            return number;
        throw Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"));
    }

    public Fields? Object(string name) =>
        Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Object } value => new Fields(value, $"{prefix}{name}."),
            _ => throw Wrong(name, "an object"),
        };

    private JsonElement? Find(string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private ChatRequestException Wrong(string name, string what) =>
        new($"{prefix}{name} must be {what}.", $"{prefix}{name}");
}
