using System.Text.Json;

namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>The index of a model in shards (<c>model.safetensors.index.json</c>): which file holds which tensor.</summary>
/// <param name="WeightMap">Tensor name → file name; the names are leaf names, in the folder of the index.</param>
public sealed record SafetensorsIndex(IReadOnlyDictionary<string, string> WeightMap)
{
    /// <summary>Reads an index strictly. Its <c>total_size</c> is a claim and not used for anything.</summary>
    /// <exception cref="SafetensorsException">The JSON is malformed or a file name leaves the folder.</exception>
    public static SafetensorsIndex Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > SafetensorsLimits.HeaderBytes)
        {
            throw Invalid(path, $"it has {file.Length} bytes; at most {SafetensorsLimits.HeaderBytes} are read.");
        }
        var json = new byte[file.Length];
        file.ReadExactly(json);
        try
        {
            return Parse(path, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SafetensorsException(SafetensorsError.InvalidIndex, $"{path} is not a valid index of shards.", e);
        }
    }

    private static SafetensorsIndex Parse(string path, byte[] json)
    {
        var options = new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false };
        using var document = JsonDocument.Parse(json, options);
        if (
            document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object
        )
        {
            throw Invalid(path, "it has no object named weight_map.");
        }
        var files = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in map.EnumerateObject())
        {
            SafetensorsHeader.CheckName(pair.Name);
            SafetensorsHeader.Limit(files.Count + 1, SafetensorsLimits.Tensors, "tensors");
            files.Add(pair.Name, LeafName(path, pair.Value));
        }
        return files.Count > 0 ? new SafetensorsIndex(files) : throw Invalid(path, "its weight_map is empty.");
    }

    // Only letters, digits, dot, hyphen and underscore: no separator, drive, stream or control character of any system.
    private static string LeafName(string path, JsonElement value)
    {
        var name = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        var isLeaf =
            name.Length is > 0 and <= 255
            && name[0] != '.'
            && name.EndsWith(".safetensors", StringComparison.Ordinal)
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        return isLeaf
            ? name
            : throw Invalid(
                path,
                $"the file name {SafetensorsException.Show(name)} is not that of a .safetensors file in the same folder."
            );
    }

    private static SafetensorsException Invalid(string path, string reason) =>
        new(SafetensorsError.InvalidIndex, $"{path} cannot be used: {reason}");
}
