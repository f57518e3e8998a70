using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

/// <summary>The small vocabulary of the golden numbers, as it is and with something broken in it.</summary>
internal static class SmallTokenizer
{
    public static string Path { get; } =
        System.IO.Path.Combine(GoldenFolder.Find(), "tokenizer", "small", "tokenizer.json");

    public static Tokenizer Instance { get; } = Tokenizer.Load(Path);

    /// <summary>Loads the file after a change to its JSON.</summary>
    public static Tokenizer Changed(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllBytes(Path))!.AsObject();
        change(json);
        return Written(json.ToJsonString());
    }

    /// <summary>Loads a file of this text.</summary>
    public static Tokenizer Written(string json)
    {
        using var file = new TemporaryFile();
        File.WriteAllText(file.Path, json);
        return Tokenizer.Load(file.Path);
    }

    /// <summary>The message with which the changed file is refused.</summary>
    public static string Refusal(Action<JsonObject> change) =>
        Assert.Throws<InvalidDataException>(() => Changed(change)).Message;

    public static JsonObject Vocabulary(this JsonObject json) => json["model"]!["vocab"]!.AsObject();

    public static JsonArray Merges(this JsonObject json) => json["model"]!["merges"]!.AsArray();

    public static JsonObject AddedToken(this JsonObject json, int index) => json["added_tokens"]![index]!.AsObject();
}

/// <summary>A path in the temporary folder, removed again at the end.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public string Path { get; } =
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"clgrpo-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(Path);
}
