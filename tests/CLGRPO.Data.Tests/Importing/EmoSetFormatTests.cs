using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing;

namespace CLGRPO.Data.Tests.Importing;

/// <summary>The tests of reference/emoset.md §6.</summary>
public sealed class EmoSetFormatTests : IDisposable
{
    private static readonly string[] Emotions =
    [
        "amusement",
        "awe",
        "contentment",
        "excitement",
        "anger",
        "disgust",
        "fear",
        "sadness",
    ];
    private readonly SourceFolder _source = new();

    [Fact]
    public async Task Rows_AllEightClasses_KeepValenceOrderSplitAndAttributes()
    {
        Miniature(Emotions);
        _source.WithJson("train.json", Emotions.Select(Row)).WithJson("test.json", new[] { Row("awe") });
        foreach (var emotion in Emotions)
            _source.WithJson(
                $"annotation/{emotion}/{emotion}_1.json",
                new Dictionary<string, object>
                {
                    ["image_id"] = $"{emotion}_1",
                    ["brightness"] = 1,
                    ["object"] = new[] { "Alarm clock", "Tree" },
                    ["scene"] = "beach",
                }
            );

        var description = _source.Describe();
        var entries = await _source.Entries();

        Assert.Equal("emoset", _source.FormatFound());
        Assert.Equal(Emotions, description.Labels);
        Assert.Equal(9, description.Rows);
        Assert.All(entries, entry => Assert.Null(entry.Problem));
        Assert.Equal([.. Emotions, "awe"], entries.Select(entry => entry.Row!.Label));
        Assert.Equal(Split.Test, entries[^1].Row!.Split);
        Assert.Equal("image/fear/fear_1.jpg", entries[6].Row!.Image);
        Assert.Equal(["1.0"], entries[0].Row!.Attributes["brightness"]);
        Assert.Equal(["Alarm clock", "Tree"], entries[0].Row!.Attributes["object"]);
        Assert.DoesNotContain("facial_expression", entries[0].Row!.Attributes.Keys); // absent is not "none"
    }

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("\"0.1\"", "0.1")]
    [InlineData("1.0", "1.0")]
    [InlineData("\"1.0\"", "1.0")]
    [InlineData("0", "0.0")]
    public async Task Rows_BrightnessAsNumberOrText_IsTheSameValue(string written, string expected)
    {
        Miniature(Emotions);
        _source
            .WithJson("train.json", new[] { Row("awe") })
            .With("annotation/awe/awe_1.json", $$"""{"brightness": {{written}}}""");

        var entry = Assert.Single(await _source.Entries());

        Assert.Equal([expected], entry.Row!.Attributes["brightness"]);
    }

    [Fact]
    public void Describe_AlphabeticalInfo_IsRefusedWithBothOrders()
    {
        Miniature([.. Emotions.Order(StringComparer.Ordinal)]);
        _source.WithJson("train.json", Array.Empty<string>());

        var refusal = Assert.Throws<ImportException>(() => _source.Describe());

        Assert.Contains("amusement, anger, awe", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("amusement, awe, contentment", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_BrokenOnes_AreListedByRowAndTheOthersStay()
    {
        Miniature(Emotions);
        _source
            .WithJson(
                "train.json",
                new object[]
                {
                    Row("awe"),
                    Row("anger"), // no annotation
                    new[] { "fear", "fear_1" }, // too short
                    Row("disgust"), // broken annotation
                    Row("sadness"), // a value beyond the vocabulary
                    Row("excitement"),
                }
            )
            .With("annotation/awe/awe_1.json", "{}")
            .With("annotation/disgust/disgust_1.json", "{")
            .With("annotation/sadness/sadness_1.json", """{"scene": "moon"}""")
            .With("annotation/excitement/excitement_1.json", "{}");

        var entries = await _source.Entries();

        Assert.Equal(6, entries.Count);
        Assert.Equal(["awe", "excitement"], entries.Where(entry => entry.Row is not null).Select(e => e.Row!.Label));
        Assert.Equal([2, 3, 4, 5], entries.Where(entry => entry.Problem is not null).Select(entry => entry.Line));
        Assert.Contains("'moon'", entries[4].Problem, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-PATH-1")]
    public async Task Rows_PathOutOfTheSource_HasNoSuchFile()
    {
        Miniature(Emotions);
        File.WriteAllText(_source.Outside("secret.json"), "{}");
        _source.WithJson("train.json", new[] { new[] { "awe", "awe_1", "image/awe/awe_1.jpg", "../secret.json" } });

        var entry = Assert.Single(await _source.Entries());

        Assert.Contains("is missing", entry.Problem, StringComparison.Ordinal);
    }

    public void Dispose() => _source.Dispose();

    private static string[] Row(string emotion) =>
        [emotion, $"{emotion}_1", $"image/{emotion}/{emotion}_1.jpg", $"annotation/{emotion}/{emotion}_1.json"];

    private void Miniature(string[] emotions)
    {
        string[] tenths = [.. Enumerable.Range(0, 11).Select(i => $"{i / 10}.{i % 10}")];
        _source.WithJson(
            "info.json",
            new Dictionary<string, object>
            {
                ["emotion"] = Numbered(emotions),
                ["brightness"] = Numbered(tenths),
                ["colorfulness"] = Numbered(tenths),
                ["scene"] = Numbered(["beach", "street"]),
                ["object"] = Numbered(["Alarm clock", "Tree"]),
                ["facial_expression"] = Numbered(["angry", "happy"]),
                ["human_action"] = Numbered(["answering questions"]),
            }
        );
    }

    private static Dictionary<string, object> Numbered(string[] names) =>
        new()
        {
            ["label2idx"] = names
                .Reverse() // the numbers count, not the order in the file
                .ToDictionary(name => name, name => Array.IndexOf(names, name)),
        };
}
