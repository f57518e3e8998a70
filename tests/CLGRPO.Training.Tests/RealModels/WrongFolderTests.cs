using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Cli;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.RealModels;

/// <summary>A folder that transformers wrote and someone spoilt: <c>forward</c> and <c>generate</c> say in one line what is wrong where.</summary>
public sealed class WrongFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public WrongFolderTests()
    {
        Directory.CreateDirectory(Model);
        var given = Path.Combine(GoldenSet.GivenInternVl, InternVlModel.Names(GoldenSet.GivenInternVl).First() + "-hf");
        foreach (var path in Directory.EnumerateFiles(given))
            File.Copy(path, InModel(Path.GetFileName(path)));
    }

    private string Model => _folder.File("model");

    public static TheoryData<string, string, string> Spoilt =>
        new()
        {
            { "config.json", "", "config.json" },
            { "config.json", "{", "config.json" },
            { "config.json", "null", "config.json" },
            { "config.json", "[]", "config.json" },
            { "preprocessor_config.json", "x", "preprocessor_config.json" },
            { "preprocessor_config.json", "{\"size\": {\"height\": 8, \"width\": 8}}", "8" },
            { "preprocessor_config.json", "{\"image_mean\": [1, 2]}", "image_mean" },
            { "generation_config.json", "[", "generation_config.json" },
            { "tokenizer.json", "{}", "tokenizer" },
            { "model.safetensors", "short", "model.safetensors" },
        };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public async Task Run_FileSpoilt_NamesIt(string file, string content, string expected)
    {
        File.WriteAllText(InModel(file), content);
        await AssertRefused(expected);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("model.safetensors")]
    public async Task Run_FileMissing_NamesIt(string file)
    {
        File.Delete(InModel(file));
        await AssertRefused(file);
    }

    public static TheoryData<string, Action<JsonNode>, string> Unfit =>
        new()
        {
            { "another model", json => json["model_type"] = "llava", "llava" },
            { "no text", json => json.AsObject().Remove("text_config"), "text_config" },
            { "size in words", json => json["text_config"]!["hidden_size"] = "big", "hidden_size" },
            { "no heads", json => json["text_config"]!["num_attention_heads"] = 0, "num_attention_heads" },
            { "fewer layers", json => json["text_config"]!["num_hidden_layers"] = 1, "layers.1." },
            { "more layers", json => json["vision_config"]!["num_hidden_layers"] = 9, "layer." },
            { "image token", json => json["image_token_id"] = 7, "image_token_id" },
            { "fewer rows", json => json["text_config"]!["vocab_size"] = 1000, "1000" },
        };

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task Run_ConfigThatDoesNotFit_SaysWhich(string what, Action<JsonNode> change, string expected)
    {
        Assert.NotEmpty(what);
        var json = JsonNode.Parse(File.ReadAllText(InModel("config.json")))!;
        change(json);
        File.WriteAllText(InModel("config.json"), json.ToJsonString());
        await AssertRefused(expected);
    }

    [Theory]
    [Trait("Id", "A-IMG-1")]
    [InlineData("config.json", "config.json: The file is not a PNG, JPEG or WebP picture.")]
    [InlineData("missing.png", "missing.png")]
    public async Task Run_ImageThatIsNone_NamesIt(string image, string expected) =>
        await AssertRefused(expected, "--image", InModel(image));

    [Fact]
    public async Task Run_PromptBeyondTheModelsPlaces_IsRefusedAndNeverCut()
    {
        var json = JsonNode.Parse(File.ReadAllText(InModel("config.json")))!;
        json["text_config"]!["max_position_embeddings"] = 16;
        File.WriteAllText(InModel("config.json"), json.ToJsonString());
        await AssertRefused(
            "the model has places for 16",
            "--image",
            Directory.EnumerateFiles(Path.Combine(GoldenFolder.Find(), "images"), "*.jpg").First()
        );
    }

    public void Dispose() => _folder.Dispose();

    private string InModel(string file) => Path.Combine(Model, file);

    private async Task AssertRefused(string expected, params string[] more)
    {
        string[] ask = ["--model", Model, "--prompt", "Which emotion?", .. more];
        foreach (
            var command in (string[][])
                [
                    ["generate", .. ask],
                    ["forward", .. ask, "--output", _folder.File("out")],
                ]
        )
        {
            var (code, output, error) = await SmallRun.RunAsync(command);
            Assert.Equal((1, ""), (code, output));
            Assert.StartsWith("clgrpo: ", error, StringComparison.Ordinal);
            Assert.Contains(expected, error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd().Split('\n'));
        }
        Assert.False(File.Exists(_folder.File("out")));
    }
}
