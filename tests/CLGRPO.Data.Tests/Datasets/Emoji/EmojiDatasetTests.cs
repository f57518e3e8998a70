using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.Emoji;

namespace CLGRPO.Data.Tests.Datasets.Emoji;

public sealed class EmojiDatasetTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly JsonArray _list = [];
    private readonly Dictionary<string, string> _images = new(StringComparer.Ordinal);

    public EmojiDatasetTests()
    {
        for (var i = 0; i < 30; i++)
        {
            Add($"1F6{i:X2}", $"FACE {i}", "Smileys & Emotion", "face-smiling");
            Add($"1F1{i:X2}", $"FLAG {i}", "Flags", "country-flag");
        }
        for (var i = 0; i < 10; i++) // a runner, a man running, a woman running, each in two tones
        {
            foreach (var gender in (string[])["", "-200D-2642-FE0F", "-200D-2640-FE0F"])
                Add(
                    $"1F3{i:X2}{gender}",
                    $"RUNNER {i}{gender}",
                    "People & Body",
                    "person-sport",
                    tones: ["1F3FB", "1F3FF"]
                );
        }
        Add("1F3FB", "TONE", "Component", "skin-tone");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Build_AllVariationsOfAnEmoji_AreInOneSplit()
    {
        var version = Build(new() { SkinTonesPerEmoji = 2 });

        Assert.Equal(60 + 90, version.Info.Counts.Total);
        var splits = Splits.All.SelectMany(split =>
            version
                .Of(split)
                .Where(sample => sample.Label == "People & Body")
                .Select(sample => (Base: sample.Id.Split('-')[0], split))
        );
        Assert.All(
            splits.GroupBy(pair => pair.Base, StringComparer.Ordinal),
            group => Assert.Single(group.Select(pair => pair.split).Distinct())
        );
        Assert.All(
            Splits.All,
            split =>
                Assert.Equal(
                    3,
                    version.Of(split).Select(sample => sample.Label).Distinct(StringComparer.Ordinal).Count()
                )
        );
    }

    [Fact]
    public void Build_EqualPictures_AreInOneSplit()
    {
        foreach (var i in Enumerable.Range(0, 30))
            _images[$"1f1{i:x2}.png"] = $"flag {i / 10}";

        var version = Build(new());

        Assert.Equal(
            3,
            version
                .Train.Concat(version.Validation)
                .Concat(version.Test)
                .Where(sample => sample.Label == "Flags")
                .Select(sample => sample.Image)
                .Distinct(StringComparer.Ordinal)
                .Count()
        );
    }

    [Fact]
    public void Build_SameSeed_GivesTheSameHash_AnotherSeedAnother()
    {
        var first = Build(new()).Hash;

        Assert.Equal(first, Build(new()).Hash);
        Assert.NotEqual(first, Build(new() { Seed = 2 }).Hash);
    }

    [Fact]
    public void Build_Completions_AreWellFormedAndAnswerTheGroup_TestHasNone()
    {
        var version = Build(new());

        Assert.All(version.Test, sample => Assert.Null(sample.Completion));
        foreach (var sample in version.Train.Concat(version.Validation))
        {
            var parsed = CompletionFormat.Parse(sample.Completion!, CompletionStyle.Cot);
            Assert.True(parsed.WellFormed);
            Assert.Equal(sample.Label, parsed.Answer!.Trim());
            Assert.Contains("its kind is ", parsed.Think!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Write_NameShortNamesKindAndTone_AreAllSaid()
    {
        var emoji = new EmojiEntry(
            "1F3C3",
            "RUNNER",
            "x.png",
            "People & Body",
            "person-sport",
            1,
            ["runner", "running"],
            true
        );

        Assert.Equal(
            "<think> this shows runner with medium dark skin. it is also called running. its kind is person sport, so it belongs to People & Body.</think><answer> People & Body</answer>",
            EmojiText.Write(emoji, EmojiText.Tone("1F3FE"))
        );
    }

    [Theory]
    [InlineData("1F468-200D-1F692", "1F469-1F3FB-200D-1F692", "person-role")]
    [InlineData("1F3C3", "1F3C3-200D-2640-FE0F-200D-27A1-FE0F", "person-activity")]
    [InlineData("1F468-200D-1F466", "1F469-200D-1F469-200D-1F467", "family")]
    [InlineData("2764-FE0F", "2764", "heart")]
    public void Key_Variations_IsTheSame(string a, string b, string subcategory) =>
        Assert.Equal(EmojiFamily.Key(Entry(a, subcategory)), EmojiFamily.Key(Entry(b, subcategory)));

    [Theory]
    [InlineData("1F468-200D-1F692", "1F468-200D-1F680")]
    [InlineData("1F468", "1F469")]
    [InlineData("1F1E9-1F1EA", "1F1EB-1F1F7")]
    public void Key_DifferentEmoji_Differs(string a, string b) =>
        Assert.NotEqual(EmojiFamily.Key(Entry(a, "x")), EmojiFamily.Key(Entry(b, "x")));

    [Fact]
    public void Read_EvilNamesInTheArchive_TouchNoFile()
    {
        var package = Pack(
            ("package/img/google/64/../../../../../evil", "x"),
            ("../evil", "x"),
            (_root.In("evil"), "x")
        );

        EmojiPackage.Read(package);

        Assert.Empty(Directory.GetFileSystemEntries(_root.Path));
    }

    [Fact]
    [Trait("Id", "A-DATA-1")]
    public void Fetch_CachedFileIsNotThePinnedOne_IsRefused()
    {
        Directory.CreateDirectory(_root.In("npm"));
        File.WriteAllText(_root.In("npm", "emoji-datasource-google-16.0.0.tgz"), "something else");

        Assert.Contains(
            "is pinned to",
            Assert.Throws<IOException>(() => EmojiDataset.Get(_root.Path, cache: _root.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Get_BadSettings_NamesAllOfThem()
    {
        var message = Assert
            .Throws<ArgumentException>(() =>
                EmojiDataset.Get(_root.Path, new() { TestShare = 1.5, SkinTonesPerEmoji = -1 })
            )
            .Message;

        Assert.Contains("test_share = 1.5", message, StringComparison.Ordinal);
        Assert.Contains("skin_tones_per_emoji = -1", message, StringComparison.Ordinal);
    }

    private static EmojiEntry Entry(string unified, string subcategory) =>
        new(unified, "X", "x.png", "People & Body", subcategory, 1, ["x"], true);

    private DatasetVersion Build(EmojiConfig config) =>
        EmojiDataset.Build(EmojiPackage.Read(Pack()), _root.Path, config);

    private void Add(string unified, string name, string category, string subcategory, params string[] tones)
    {
        var emoji = new JsonObject
        {
            ["unified"] = unified,
            ["name"] = name,
            ["image"] = Image(unified),
            ["category"] = category,
            ["subcategory"] = subcategory,
            ["sort_order"] = _list.Count,
            ["short_names"] = new JsonArray(name.ToLowerInvariant()),
            ["has_img_google"] = true,
        };
        if (tones.Length > 0)
            emoji["skin_variations"] = new JsonObject(
                tones.Select(tone => KeyValuePair.Create(tone, (JsonNode?)Variation($"{unified}-{tone}")))
            );
        _list.Add((JsonNode)emoji);
    }

    private JsonObject Variation(string unified) =>
        new()
        {
            ["unified"] = unified,
            ["image"] = Image(unified),
            ["has_img_google"] = true,
        };

    private string Image(string unified)
    {
        var name = unified.ToLowerInvariant() + ".png";
        _images[name] = "picture of " + unified;
        return name;
    }

    private MemoryStream Pack(params ReadOnlySpan<(string Name, string Content)> more)
    {
        var tgz = new MemoryStream();
        using (var tar = new TarWriter(new GZipStream(tgz, CompressionLevel.Fastest, leaveOpen: true)))
        {
            Put(tar, "package/emoji.json", _list.ToJsonString());
            foreach (var (name, content) in _images)
                Put(tar, "package/img/google/64/" + name, content);
            foreach (var (name, content) in more)
                Put(tar, name, content);
        }
        tgz.Position = 0;
        return tgz;
    }

    private static void Put(TarWriter tar, string name, string content) =>
        tar.WriteEntry(
            new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
            }
        );
}
