using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>A model of the folder internvl, with what transformers and TRL computed with it.</summary>
internal sealed class InternVlModel : IDisposable
{
    private readonly string _folder;
    private readonly JsonDocument _file;

    /// <param name="folder">The folder internvl.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public InternVlModel(string folder, string name)
    {
        (_folder, Name) = (folder, name);
        _file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name + ".json")));
        Tensors = new GoldenTensors(Path.Combine(folder, name + ".safetensors"));
        Pretrained = PretrainedModel.Load(ModelFolder);
    }

    /// <summary>Every model that the folder has numbers of.</summary>
    public static IEnumerable<string> Names(string folder) =>
        Directory
            .EnumerateFiles(folder, "*.json")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Order(StringComparer.Ordinal);

    public string Name { get; }

    public JsonElement Description => _file.RootElement;

    public GoldenTensors Tensors { get; }

    public PretrainedModel Pretrained { get; }

    public VisionLanguageModel Model => Pretrained.Model;

    public string ModelFolder => Path.Combine(_folder, Name + "-hf");

    /// <summary>Whether the model's file has numbers of a kind that not every model has.</summary>
    public bool Describes(string key) => Describes(Description, key);

    /// <summary>The same of a model that is not loaded.</summary>
    public static bool Describes(string folder, string name, string key)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name + ".json")));
        return Describes(file.RootElement, key);
    }

    private static bool Describes(JsonElement description, string key) =>
        description.TryGetProperty(key, out var numbers) && numbers.ValueKind != JsonValueKind.Null;

    /// <summary>A file beside the model's own, such as <c>name-sft-gradients.safetensors</c>.</summary>
    public string Beside(string ending) => Path.Combine(_folder, Name + ending);

    /// <summary>A picture that a case names.</summary>
    public string Picture(string name) => Path.Combine(_folder, "..", "images", name);

    /// <summary>The chat of a case with its images widened to their tiles.</summary>
    public ChatPrompt Prompt(JsonElement item) =>
        new ChatTemplate(Pretrained.Tokenizer).Render(
            [.. item.GetProperty("messages").EnumerateArray().Select(Message)],
            Json.Ints(item, "num_tiles"),
            Description.GetProperty("tokens_per_tile").GetInt32()
        );

    /// <summary>Image tokens before the projector, of the tiles stored under some keys; null where none has any.</summary>
    public Tensor? Features(params IEnumerable<string> keys) => Features(Model, keys);

    /// <summary>The same as another model sees them.</summary>
    public Tensor? Features(VisionLanguageModel model, IEnumerable<string> keys)
    {
        Tensor[] pixels = [.. keys.Select(key => key + ".tiles").Where(Tensors.Contains).Select(Pixels)];
        return pixels.Length == 0 ? null : model.ImageFeatures(cat(pixels));
    }

    /// <summary>Ids that a tokenizer has no token for; transformers never sampled them either.</summary>
    public IEnumerable<int> IdsBeyondTheTokenizer() =>
        Enumerable.Range(0, Model.Config.Language.VocabularySize).Skip(Pretrained.Tokenizer.VocabularySize);

    public void Dispose()
    {
        Pretrained.Dispose();
        Tensors.Dispose();
        _file.Dispose();
    }

    private Tensor Pixels(string key)
    {
        var bytes = Tensors.Bytes(key);
        var values = new float[bytes.Length];
        new ImagePreprocessor(Pretrained.Images).Normalize(bytes, values);
        var side = Pretrained.Images.TileSize;
        return tensor(values, [values.Length / (3 * side * side), 3, side, side]);
    }

    private static ChatMessage Message(JsonElement message)
    {
        var role = message.GetProperty("role").GetString()!;
        var content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String
            ? new ChatMessage(role, content.GetString()!)
            : new ChatMessage(role, [.. content.EnumerateArray().Select(Part)]);
    }

    private static ChatPart Part(JsonElement part) =>
        part.GetProperty("type").GetString() switch
        {
            "image" => new ImagePart(),
            "text" => new TextPart(part.GetProperty("text").GetString()!),
            var other => throw new GoldenMismatchException($"nothing walks a message part of type {other}"),
        };
}
