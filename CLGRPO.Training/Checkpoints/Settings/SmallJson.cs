using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>The small JSON files of a model folder, read with limits and written as transformers writes them.</summary>
internal static class SmallJson
{
    private const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions Written = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <exception cref="ModelException">The file is too long or no JSON object; the message names it.</exception>
    public static JsonObject Read(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxBytes)
            throw new ModelException($"{path} has {length} bytes; at most {MaxBytes} are read.");
        try
        {
            return JsonNode.Parse(
                    File.ReadAllBytes(path),
                    documentOptions: new JsonDocumentOptions { MaxDepth = 32, AllowDuplicateProperties = false }
                ) as JsonObject
                ?? throw new ModelException($"{path} is no JSON object.");
        }
        catch (JsonException e)
        {
            throw new ModelException($"{path} is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>As <see cref="Read"/>; null where there is no such file.</summary>
    public static JsonObject? TryRead(string path) => File.Exists(path) ? Read(path) : null;

    public static void Write(string path, JsonObject json) =>
        File.WriteAllText(path, json.ToJsonString(Written) + "\n");

    /// <summary>A number with a point or an exponent, as Python writes floats: 1000000 would be read as an integer.</summary>
    public static JsonNode Float(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
        return JsonNode.Parse(text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text)!;
    }
}
