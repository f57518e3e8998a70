using System.Text.Json;

namespace CLGRPO.Golden;

/// <summary>Reads the values of a case; null stands for NaN, names are snake_case.</summary>
internal static class Json
{
    public static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();

    public static double? Optional(JsonElement item, string name) =>
        item.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public static double[] Doubles(JsonElement item, string name) =>
        [.. item.GetProperty(name).EnumerateArray().Select(Number)];

    public static int[] Ints(JsonElement item, string name) =>
        [.. item.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    /// <summary>The items of a list of cases.</summary>
    /// <exception cref="GoldenMismatchException">There is no such list, or it is empty.</exception>
    public static IEnumerable<JsonElement> Cases(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.GetArrayLength() > 0
            ? list.EnumerateArray()
            : throw new GoldenMismatchException($"'{name}' holds no case");

    public static TEnum Choice<TEnum>(JsonElement item, string name)
        where TEnum : struct, Enum
    {
        var word = item.GetProperty(name).GetString();
        foreach (var value in Enum.GetValues<TEnum>())
        {
            if (
                string.Equals(
                    JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()),
                    word,
                    StringComparison.Ordinal
                )
            )
            {
                return value;
            }
        }
        throw new GoldenMismatchException($"{name}: we have no {typeof(TEnum).Name} '{word}'");
    }

    /// <summary>Compares the number of this name.</summary>
    public static void Close(JsonElement item, string name, double actual, double tolerance) =>
        Expect.Close(name, Number(item.GetProperty(name)), actual, tolerance);
}
