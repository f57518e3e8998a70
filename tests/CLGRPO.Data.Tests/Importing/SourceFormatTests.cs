using System.IO.Compression;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing;

namespace CLGRPO.Data.Tests.Importing;

public sealed class SourceFormatTests : IDisposable
{
    private const string Reply = "<think>dim light</think><answer> awe</answer>";
    private readonly SourceFolder _source = new();

    [Fact]
    public async Task Folder_ClassesUnderSplits_GiveLabelAndSplit()
    {
        _source
            .With("train/cat/1.jpg", "x")
            .With("train/dog/1.PNG", "x")
            .With("val/cat/2.jpg", "x")
            .With("test/dog/2.webp", "x")
            .With("train/readme.txt", "x")
            .With("stray.jpg", "x");

        var entries = await _source.Entries();

        Assert.Equal("folder", _source.FormatFound());
        Assert.Equal(["cat", "dog"], _source.Describe().Labels);
        Assert.Equal(5, entries.Count);
        Assert.Contains("no class folder", Assert.Single(entries, e => e.Problem is not null).Problem!);
        Assert.Equal(
            [("dog", Split.Test), ("cat", Split.Train), ("dog", Split.Train), ("cat", Split.Validation)],
            entries.Where(e => e.Row is not null).Select(e => (e.Row!.Label, e.Row.Split!.Value))
        );
    }

    [Fact]
    public async Task Csv_QuotesAttributesAndSplit_AreRead()
    {
        _source.With(
            "rows.csv",
            "Path,Label,split,scene,note\r\n\"a,b/1.jpg\",awe,train,beach; street,\"two\r\nlines\"\r\npic/2.jpg,fear,,,\r\nshort,row\r\npic/3.jpg,fear,later,,\r\n"
        );

        var entries = await _source.Entries();

        Assert.Equal("csv", _source.FormatFound());
        Assert.Equal("a,b/1.jpg", entries[0].Row!.Image);
        Assert.Equal(["beach", "street"], entries[0].Row!.Attributes["scene"]);
        Assert.Equal(["two\r\nlines"], entries[0].Row!.Attributes["note"]);
        Assert.Null(entries[1].Row!.Split);
        Assert.Empty(entries[1].Row!.Attributes);
        Assert.Equal((5, "the row has 2 cells, the header 5"), (entries[2].Line, entries[2].Problem));
        Assert.Contains("give train, val or test", entries[3].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_NoLabelColumn_SaysWhichColumnsThereAre()
    {
        _source.With("rows.csv", "path,kind\n1.jpg,awe\n");

        var refusal = Assert.Throws<ImportException>(() => _source.Describe());

        Assert.Contains("'path', 'kind'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Llava_ReasoningAndPlainReplies_GiveLabelAndCompletion()
    {
        _source.WithJson(
            "train.json",
            new object[]
            {
                Conversation(7, "images/1.jpg", Reply),
                Conversation("b", "images/2.jpg", "fear"),
                Conversation("c", "images/3.jpg", "<think>never ends"),
                new { id = "d", image = "images/4.jpg" },
            }
        );

        var entries = await _source.Entries();

        Assert.Equal("llava", _source.FormatFound());
        Assert.Equal(("7", "awe", Reply), (entries[0].Row!.Key, entries[0].Row!.Label, entries[0].Row!.Completion));
        Assert.Equal(("fear", null), (entries[1].Row!.Label, entries[1].Row!.Completion));
        Assert.Equal(Split.Train, entries[0].Row!.Split);
        Assert.Contains("conversations", entries[3].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swift_MessagesAndSolution_GiveLabelAndCompletion()
    {
        _source.With(
            "rows.jsonl",
            """
            {"messages":[{"role":"user","content":"<image>?"},{"role":"assistant","content":"<think>x</think><answer>awe</answer>"}],"images":["a.png"]}
            {"messages":[{"role":"user","content":"<image>?"}],"images":[{"path":"b.png"}],"solution":"fear"}
            {"messages":[{"role":"user","content":"<image>?"}],"images":["c.png","d.png"],"solution":"fear"}

            not json
            """
        );

        var entries = await _source.Entries();

        Assert.Equal("ms-swift", _source.FormatFound());
        Assert.Equal(["awe", "fear"], entries.Where(e => e.Row is not null).Select(e => e.Row!.Label));
        Assert.Contains("exactly one", entries[2].Problem, StringComparison.Ordinal);
        Assert.Equal(5, entries[3].Line); // empty lines count as lines
    }

    [Fact]
    public async Task Jsonl_OurRows_KeepEverything()
    {
        _source.With(
            "val.jsonl",
            """{"id":"a-1","image":"images/x.png","label":"awe","attributes":{"scene":["beach"],"object":[]},"completion":"c","teacher":"t","group":"g"}"""
        );

        var row = Assert.Single(await _source.Entries()).Row!;

        Assert.Equal(("a-1", "images/x.png", "awe"), (row.Key, row.Image, row.Label));
        Assert.Equal((Split.Validation, "g", "c", "t"), (row.Split, row.Group, row.Completion, row.Teacher));
        Assert.Equal(["beach"], row.Attributes["scene"]);
        Assert.Empty(row.Attributes["object"]);
    }

    [Fact]
    public async Task JsonList_CutOff_KeepsWhatCameBefore()
    {
        _source.With("rows.json", """[{"image":"1.jpg","label":"awe"},{"image":"2.jpg","label":"fe""");

        var entries = await _source.Entries("jsonl");

        Assert.Equal("awe", entries[0].Row!.Label);
        Assert.Contains("nothing after it was read", entries[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-PATH-1")]
    public void FolderFiles_LinksAndDotsThatLeadOut_AreNotThere()
    {
        File.WriteAllText(_source.Outside("secret"), "x");
        Directory.CreateDirectory(_source.Outside("source-sibling"));
        File.WriteAllText(Path.Combine(_source.Outside("source-sibling"), "s"), "x");
        _source.With("inside/a.jpg", "x");
        File.CreateSymbolicLink(Path.Combine(_source.Path, "link.jpg"), _source.Outside("secret"));
        File.CreateSymbolicLink(Path.Combine(_source.Path, "good.jpg"), Path.Combine(_source.Path, "inside", "a.jpg"));
        using var files = new FolderFiles(_source.Path);

        Assert.True(files.Contains("inside/a.jpg"));
        Assert.True(files.Contains("good.jpg"));
        Assert.All(
            [
                "link.jpg",
                "../secret",
                "inside/../../secret",
                "/etc/passwd",
                "..\\secret",
                "../source-sibling/s",
                "C:\\x",
                "inside//a.jpg",
                "",
            ],
            path => Assert.False(files.Contains(path), path)
        );
        Assert.Throws<ImportException>(() => files.Read("../secret", 100));
    }

    [Theory]
    [Trait("Id", "A-ZIP-1")]
    [InlineData("../x.jpg")]
    [InlineData("..\\x.jpg")]
    [InlineData("/etc/x.jpg")]
    [InlineData("C:\\x.jpg")]
    [InlineData("a/../../x.jpg")]
    [InlineData("a/x.jpg:stream")]
    public void Zip_NameThatLeadsOut_IsRefused(string name)
    {
        var path = Zip(archive => Add(archive, name, "x"));

        var refusal = Assert.Throws<ImportException>(() => new ZipFiles(path));

        Assert.Contains("lead out", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-ZIP-1")]
    public void Zip_LinkAndCollidingNames_AreRefused()
    {
        var link = Zip(archive => Add(archive, "link.jpg", "/etc/passwd").ExternalAttributes = 0xA1FF << 16);
        var twice = Zip(archive =>
        {
            Add(archive, "a/x.jpg", "1");
            Add(archive, "A/X.jpg", "2");
        });

        Assert.Contains("regular file", Assert.Throws<ImportException>(() => new ZipFiles(link)).Message);
        Assert.Contains("two entries", Assert.Throws<ImportException>(() => new ZipFiles(twice)).Message);
    }

    [Fact]
    [Trait("Id", "A-ZIP-2")]
    public void Zip_InflatesTooMuchOrLiesAboutSizes_IsRefused()
    {
        var bomb = Zip(archive => Add(archive, "a.jpg", new string('0', 4 << 20)));
        var honest = Zip(archive => Add(archive, "a.jpg", "abcdefgh"));
        var bytes = File.ReadAllBytes(honest);
        var directory = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        bytes[directory + 24] = 80; // the central directory now says 80 bytes
        var lying = _source.Outside("lying.zip");
        File.WriteAllBytes(lying, bytes);

        Assert.Contains("inflates", Assert.Throws<ImportException>(() => new ZipFiles(bomb)).Message);
        using var files = new ZipFiles(lying);
        Assert.Throws<ImportException>(() => files.Read("a.jpg", 100));
    }

    [Fact]
    public async Task Zip_OfAClassFolder_ReadsLikeTheFolder()
    {
        var path = Zip(archive =>
        {
            Add(archive, "dog/2.jpg", "2");
            Add(archive, "cat/1.jpg", "1");
        });
        using var source = Source.Open(path);

        var entries = await source
            .Format.Rows(source.Files, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["cat", "dog"], entries.Select(entry => entry.Row!.Label));
        Assert.Equal("1"u8.ToArray(), source.Files.Read("cat/1.jpg", 10));
    }

    [Fact]
    public void Open_NothingThatFits_NamesTheFormats()
    {
        _source.With("readme.txt", "x");

        var refusal = Assert.Throws<ImportException>(() => Source.Open(_source.Path));

        Assert.Contains("emoset, jsonl, llava, ms-swift, csv, folder", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _source.Dispose();

    private static object Conversation(object id, string image, string reply) =>
        new
        {
            id,
            image,
            conversations = new[] { new { from = "human", value = "<image>\n?" }, new { from = "gpt", value = reply } },
        };

    private string Zip(Action<ZipArchive> fill)
    {
        var path = _source.Outside($"{Guid.NewGuid():N}.zip");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        fill(archive);
        return path;
    }

    private static ZipArchiveEntry Add(ZipArchive archive, string name, string text)
    {
        var entry = archive.CreateEntry(name);
        using var writer = new StreamWriter(entry.Open());
        writer.Write(text);
        return entry;
    }
}
