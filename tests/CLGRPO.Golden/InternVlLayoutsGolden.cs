using System.Text.Json.Nodes;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>
/// internvl/&lt;model&gt;-hf, -original, -memory-…: every folder loads bit for bit, and saved or converted into the layout of
/// every other folder of the same model it gives that folder's tensors and settings.
/// </summary>
internal sealed class InternVlLayoutsGolden : IGoldenWalker
{
    private static readonly string[] Settings =
    [
        "config.json",
        "preprocessor_config.json",
        "generation_config.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
    ];

    public string Folder => "internvl";

    public GoldenResult Walk(string folder)
    {
        var tally = new CaseTally();
        var models = Directory
            .EnumerateDirectories(folder)
            .Select(GoldenModelFolder.TryParse)
            .OfType<GoldenModelFolder>()
            .GroupBy(found => found.Model, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var model in models)
        {
            var found = model.OrderBy(one => one.Name, StringComparer.Ordinal).ToList();
            foreach (var source in found)
            {
                tally.Case($"{source.Name} loads bit for bit", () => Loads(source));
                foreach (var target in found)
                    tally.Case($"{source.Name} saved as {target.Name}", () => Saves(source, target));
            }
        }
        return tally.Result;
    }

    /// <summary>The model in memory has the file's numbers: gathered from it under the file's own names, they are the same.</summary>
    private static void Loads(GoldenModelFolder source)
    {
        using var temporary = new TemporaryGoldenFolder();
        using (var scope = torch.NewDisposeScope())
        using (var model = PretrainedModel.Load(source.Path))
            model.Save(temporary.Path, new SaveFormat { Layout = source.Layout, Dtype = source.Dtype });
        SameTensors(source, temporary.Path, widen: null);
    }

    private static void Saves(GoldenModelFolder source, GoldenModelFolder target)
    {
        using var temporary = new TemporaryGoldenFolder();
        var converted = System.IO.Path.Combine(temporary.Path, "converted");
        ModelConversion.Convert(
            source.Path,
            converted,
            new SaveFormat { Layout = target.Layout, Dtype = target.Dtype }
        );
        foreach (var name in Settings)
        {
            var expected = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(target.Path, name)));
            var actual = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(converted, name)));
            JsonSame(name, expected, actual);
        }
        Expect.Same(
            "chat_template.jinja",
            File.ReadAllText(System.IO.Path.Combine(target.Path, "chat_template.jinja")),
            File.ReadAllText(System.IO.Path.Combine(converted, "chat_template.jinja"))
        );
        // What bfloat16 has rounded away does not come back: the wider folder is then rounded before it is compared.
        SameTensors(target, converted, widen: source.Dtype == target.Dtype ? null : source.Dtype);
    }

    private static void SameTensors(GoldenModelFolder expected, string actualFolder, SafetensorsDtype? widen)
    {
        using var wanted = SafetensorsModel.Open(expected.Path);
        using var given = SafetensorsModel.Open(actualFolder);
        Expect.SameItems(
            "names",
            [.. wanted.Tensors.Keys.Order(StringComparer.Ordinal)],
            [.. given.Tensors.Keys.Order(StringComparer.Ordinal)]
        );
        foreach (var (name, tensor) in wanted.Tensors)
        {
            var other = given.Tensors[name];
            Expect.Same($"{name}, type", tensor.Dtype, other.Dtype);
            Expect.SameItems($"{name}, shape", tensor.Shape, other.Shape);
            var left = Bytes(wanted, tensor);
            if (widen is { } narrow && narrow.Bits() < tensor.Dtype.Bits())
                left = Rounded(left, tensor.Dtype, narrow);
            if (!left.AsSpan().SequenceEqual(Bytes(given, other)))
                throw new GoldenMismatchException($"{name}: the bits differ");
        }
    }

    private static byte[] Bytes(SafetensorsModel model, TensorInfo tensor)
    {
        var bytes = new byte[tensor.ByteLength];
        model.Read(tensor, bytes);
        return bytes;
    }

    private static byte[] Rounded(byte[] wide, SafetensorsDtype dtype, SafetensorsDtype narrow)
    {
        var values = new float[wide.Length * 8 / dtype.Bits()];
        var small = new byte[values.Length * narrow.Bits() / 8];
        WeightDtype.ToFloats(dtype, wide, values);
        WeightDtype.FromFloats(narrow, values, small);
        WeightDtype.ToFloats(narrow, small, values);
        var again = new byte[wide.Length];
        WeightDtype.FromFloats(dtype, values, again);
        return again;
    }

    private static void JsonSame(string where, JsonNode? expected, JsonNode? actual)
    {
        switch (expected, actual)
        {
            case (JsonObject left, JsonObject right):
                Expect.SameItems(
                    $"keys of {where}",
                    [.. left.Select(pair => pair.Key).Order(StringComparer.Ordinal)],
                    [.. right.Select(pair => pair.Key).Order(StringComparer.Ordinal)]
                );
                foreach (var (key, value) in left)
                    JsonSame($"{where}.{key}", value, right[key]);
                break;
            case (JsonArray left, JsonArray right):
                Expect.Same($"{where}, length", left.Count, right.Count);
                for (var i = 0; i < left.Count; i++)
                    JsonSame($"{where}[{i}]", left[i], right[i]);
                break;
            default:
                if (!JsonNode.DeepEquals(expected, actual))
                    throw new GoldenMismatchException(
                        $"{where}: expected {expected?.ToJsonString() ?? "null"}, got {actual?.ToJsonString() ?? "null"}"
                    );
                break;
        }
    }
}

/// <summary>A folder whose name says which model in which layout it is: <c>model-hf</c>, <c>model-memory-bf16</c>.</summary>
internal sealed record GoldenModelFolder(string Path, string Model, ModelLayout Layout, SafetensorsDtype Dtype)
{
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Null for a folder of another kind, such as an adapter's.</summary>
    public static GoldenModelFolder? TryParse(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        foreach (
            var (mark, layout) in new[]
            {
                ("-hf", ModelLayout.HuggingFace),
                ("-original", ModelLayout.Original),
                ("-memory", ModelLayout.Memory),
            }
        )
        {
            var at = name.LastIndexOf(mark, StringComparison.Ordinal);
            if (at > 0 && (at + mark.Length == name.Length || name[at + mark.Length] == '-'))
                return new GoldenModelFolder(path, name[..at], layout, DtypeOf(path));
        }
        return null;
    }

    private static SafetensorsDtype DtypeOf(string path)
    {
        using var files = SafetensorsModel.Open(path);
        return files.Tensors.Values.First().Dtype;
    }
}

/// <summary>A folder that goes when it is disposed.</summary>
internal sealed class TemporaryGoldenFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("clgrpo-golden-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
