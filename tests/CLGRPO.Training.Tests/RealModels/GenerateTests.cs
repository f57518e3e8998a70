using System.Text.Json;
using CLGRPO.Golden;
using CLGRPO.Training.Tests.Cli;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.RealModels;

/// <summary>The program itself, from a folder that transformers wrote and a picture's file to the tokens that transformers writes.</summary>
public sealed class GenerateTests
{
    public static TheoryData<string> Models => [.. InternVlModel.Names(GoldenSet.GivenInternVl)];

    // Golden values: golden/README.md, folder internvl: transformers' greedy tokens.
    [Theory]
    [MemberData(nameof(Models))]
    public async Task Generate_EveryGoldenCaseItCanExpress_WritesTransformersTokens(string name)
    {
        using var model = new InternVlModel(GoldenSet.GivenInternVl, name);
        var photos = 0;
        foreach (var item in model.Description.GetProperty("cases").EnumerateArray())
        {
            if (!StopsWhereWeStop(model, item))
                continue;
            var (code, output, error) = await SmallRun.RunAsync([.. Arguments(model, item), "--ids"]);
            Assert.Equal((0, ""), (code, error));
            Assert.Equal(string.Join(' ', Json.Ints(item, "greedy")), output.TrimEnd('\n'));
            photos += Pictures(item).Count(picture => picture.EndsWith(".jpg", StringComparison.Ordinal));
        }
        Assert.True(photos > 0, "No case had a photograph.");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Generate_WithoutIds_WritesTheirText(string name)
    {
        using var model = new InternVlModel(GoldenSet.GivenInternVl, name);
        var item = model.Description.GetProperty("cases").EnumerateArray().First(item => StopsWhereWeStop(model, item));
        var (_, output, _) = await SmallRun.RunAsync(Arguments(model, item));
        Assert.Equal(
            model.Pretrained.Tokenizer.Decode(Json.Ints(item, "greedy"), skipSpecialTokens: true) + Environment.NewLine,
            output
        );
    }

    // Some cases stop at a token of their own, which shows where greedy decoding ends; the program stops at the end of the message.
    private static bool StopsWhereWeStop(InternVlModel model, JsonElement item) =>
        Json.Ints(item, "stop_token_ids") is [var only] && only == model.Pretrained.Tokenizer.SpecialTokens.ImEnd;

    private static string[] Arguments(InternVlModel model, JsonElement item)
    {
        var system = "";
        var prompt = "";
        foreach (var message in item.GetProperty("messages").EnumerateArray())
        {
            if (message.GetProperty("role").GetString() == "system")
                system = Text(message);
            else
                prompt = Text(message);
        }
        return
        [
            "generate",
            "--model",
            model.ModelFolder,
            .. Pictures(item).SelectMany(picture => (string[])["--image", model.Picture(picture)]),
            "--system",
            system,
            "--prompt",
            prompt,
            "--max-tokens",
            $"{item.GetProperty("max_new_tokens")}",
        ];
    }

    private static IEnumerable<string> Pictures(JsonElement item) =>
        item.GetProperty("images").EnumerateArray().Select(picture => picture.GetString()!);

    private static string Text(JsonElement message) =>
        message.GetProperty("content") is { ValueKind: JsonValueKind.Array } parts
            ? parts.EnumerateArray().Single(part => part.TryGetProperty("text", out _)).GetProperty("text").GetString()!
            : message.GetProperty("content").GetString()!;
}
