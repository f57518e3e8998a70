using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Settings;

/// <summary>A copy of a golden model folder that a test may spoil.</summary>
internal sealed class EditedFolder : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    /// <param name="suffix">Which layout: <c>-hf</c>, <c>-original</c>, <c>-memory</c>.</param>
    /// <param name="model">Begins the folder's name; the first that fits is taken.</param>
    public EditedFolder(string suffix, string model = "")
    {
        var golden = Path.Combine(GoldenFolder.Find(), "internvl");
        Source = Directory.EnumerateDirectories(golden, $"{model}*{suffix}*").Order(StringComparer.Ordinal).First();
        foreach (var file in Directory.EnumerateFiles(Source))
            File.Copy(file, In(Path.GetFileName(file)));
    }

    public string Source { get; }

    public string Folder => _temporary.Path;

    public string In(string name) => _temporary.File(name);

    /// <summary>Changes a JSON file.</summary>
    public void Edit(string name, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(In(name)))!.AsObject();
        edit(json);
        File.WriteAllText(In(name), json.ToJsonString());
    }

    /// <summary>Sets one value; dots lead into sections, the value is JSON.</summary>
    public void Set(string name, string key, string value) =>
        Edit(
            name,
            json =>
            {
                var path = key.Split('.');
                var owner = path[..^1].Aggregate(json, (section, part) => section[part]!.AsObject());
                owner[path[^1]] = JsonNode.Parse(value);
            }
        );

    /// <summary>Writes the weights again as one file, with other tensors.</summary>
    public void EditTensors(Func<IReadOnlyList<TensorSource>, IEnumerable<TensorSource>> edit)
    {
        List<TensorSource> tensors;
        using (var model = SafetensorsModel.Open(Folder))
            tensors =
            [
                .. model.Tensors.Values.Select(tensor =>
                {
                    var bytes = new byte[tensor.ByteLength];
                    model.Read(tensor, bytes);
                    return TensorSource.FromBytes(tensor.Name, tensor.Dtype, tensor.Shape, bytes);
                }),
            ];
        foreach (var file in Directory.EnumerateFiles(Folder, "model*safetensors*"))
            File.Delete(file);
        SafetensorsWriter.Write(In("model.safetensors"), [.. edit(tensors)]);
    }

    public void Dispose() => _temporary.Dispose();
}
