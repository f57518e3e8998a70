using System.Text.Json.Nodes;
using CLGRPO.Data.Images;
using CLGRPO.Golden;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

/// <summary>A model of the golden folder with what Hugging Face's code computed with it.</summary>
internal sealed class GoldenModel : IDisposable
{
    private readonly string _name;

    public GoldenModel(string name)
    {
        _name = name;
        Description = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!;
        Tensors = new GoldenTensors(Path.Combine(Folder, name + ".safetensors"));
        Pretrained = PretrainedModel.Load(ModelFolder);
    }

    public static string Folder => Path.Combine(GoldenFolder.Find(), "internvl");

    /// <summary>Every model that lies there.</summary>
    public static IEnumerable<string> Names =>
        Directory
            .EnumerateFiles(Folder, "*.json")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Order(StringComparer.Ordinal);

    public JsonNode Description { get; }
    public GoldenTensors Tensors { get; }
    public PretrainedModel Pretrained { get; }
    public VisionLanguageModel Model => Pretrained.Model;
    public string ModelFolder => Path.Combine(Folder, _name + "-hf");

    /// <summary>Image tokens of a case before the projector; null when it has no image.</summary>
    public Tensor? Features(params string[] tiles) => Features(Model, tiles);

    /// <summary>The same as another model sees them.</summary>
    public Tensor? Features(VisionLanguageModel model, params string[] tiles)
    {
        Tensor[] pixels = [.. tiles.Select(key => key + ".tiles").Where(Tensors.Contains).Select(Pixels)];
        return pixels.Length == 0 ? null : model.ImageFeatures(cat(pixels));
    }

    public GoldenTensors Gradients(string kind) => new(Path.Combine(Folder, $"{_name}-{kind}-gradients.safetensors"));

    /// <summary>Every gradient, within 1e-4 of its norm; a sum that cancels to nothing, within rounding of the largest.</summary>
    public void AssertGradients(GoldenTensors expected)
    {
        var walked = 0;
        foreach (var parameter in Model.Parameters.Parameters)
        {
            foreach (var stored in parameter.Stored)
            {
                using var scope = NewDisposeScope();
                var found = RotaryOrder.ToHalves(
                    Tiny.Floats(parameter.Value.grad!.narrow(0, stored.FirstRow, stored.Rows)),
                    stored
                );
                var wanted = expected.Floats(TensorNames.In(ModelLayout.Memory, stored.Name));
                var distance = Norm(wanted.Zip(found, (a, b) => a - b));
                Assert.True(
                    distance <= (1e-4 * Norm(wanted)) + 1e-6,
                    $"{stored.Name}: the gradient is off by {distance}, its norm is {Norm(wanted)}"
                );
                walked++;
            }
        }
        Assert.True(walked > 10, $"{walked} gradients were compared.");
    }

    public void Dispose()
    {
        Tensors.Dispose();
        Pretrained.Dispose();
    }

    private Tensor Pixels(string key)
    {
        var bytes = Tensors.Bytes(key);
        var values = new float[bytes.Length];
        new ImagePreprocessor(Pretrained.Images).Normalize(bytes, values);
        var side = Pretrained.Images.TileSize;
        return tensor(values, [values.Length / (3 * side * side), 3, side, side]);
    }

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));
}
