using System.Security.Cryptography;
using System.Text;
using CLGRPO.Data.Datasets;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Datasets;

public sealed class DatasetVersionWriterTests : IDisposable
{
    private static readonly Dictionary<string, IReadOnlyList<string>> None = new(StringComparer.Ordinal);
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Commit_SameContent_GivesTheSameFolderAndBytes()
    {
        var first = Write("completion");
        var bytes = DatasetHash.Files.ToDictionary(
            file => file,
            file => File.ReadAllBytes(Path.Combine(first.Path, file))
        );
        var second = Write("completion");

        Assert.Equal(first.Path, second.Path);
        Assert.All(
            DatasetHash.Files,
            file => Assert.Equal(bytes[file], File.ReadAllBytes(Path.Combine(second.Path, file)))
        );
        Assert.NotEqual(first.Hash, Write("another").Hash);
    }

    [Fact]
    public void Commit_LeavesOnlyBlobsAndTheVersion()
    {
        var version = Write("completion");

        Assert.Equal(
            ["blobs", "small"],
            Directory.GetFileSystemEntries(_root.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(2, Directory.GetFiles(_root.In("blobs")).Length);
        Assert.Equal(
            DatasetHash.Files.Order(StringComparer.Ordinal),
            Directory.GetFiles(version.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)!
        );
    }

    [Fact]
    public void Hash_IsWhatSha256SumPrintsHashedAgain()
    {
        var version = Write("completion");
        var listing = new StringBuilder();
        foreach (var file in (string[])["dataset.json", "train.jsonl", "val.jsonl", "test.jsonl"])
            listing
                .Append(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(version.Path, file)))))
                .Append("  ")
                .Append(file)
                .Append('\n');

        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listing.ToString()))),
            version.Hash
        );
    }

    [Fact]
    public void Dispose_NotCommitted_LeavesNothing()
    {
        using (var writer = new DatasetVersionWriter(_root.Path, Info()))
            writer.Add(Split.Train, new Sample("a", writer.AddImage("one"u8), "yes", None));

        Assert.Empty(Directory.GetFileSystemEntries(_root.Path));
    }

    [Fact]
    public void Add_BadSample_NamesAllReasons()
    {
        using var writer = new DatasetVersionWriter(_root.Path, Info());

        var message = Assert
            .Throws<ArgumentException>(() =>
                writer.Add(Split.Train, new Sample("a b", new string('0', 64), "maybe", None))
            )
            .Message;

        Assert.Contains("id 'a b' must be", message, StringComparison.Ordinal);
        Assert.Contains("unknown label 'maybe'", message, StringComparison.Ordinal);
        Assert.Contains("was not added", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Tiny")]
    [InlineData("../tiny")]
    [InlineData("blobs")]
    [InlineData("")]
    public void New_BadName_IsRefused(string name) =>
        Assert.Throws<ArgumentException>(() => new DatasetVersionWriter(_root.Path, Info() with { Name = name }));

    [Fact]
    public void Open_AnyText_ComesBackAsWritten() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<NonNull<string>>().Filter(text => IsText(text.Get)),
                text =>
                {
                    var sample = Write(text.Get).Train[0];
                    return sample.Completion == text.Get && sample.Teacher == "teacher";
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    private static bool IsText(string text) => text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)); // no half surrogate pairs

    private DatasetVersion Write(string completion)
    {
        using var writer = new DatasetVersionWriter(_root.Path, Info());
        writer.Add(
            Split.Train,
            new Sample(
                "a",
                writer.AddImage("one"u8),
                "yes",
                new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["size"] = ["large", "small"] },
                completion,
                "teacher"
            )
        );
        writer.Add(Split.Test, new Sample("b", writer.AddImage("two"u8), "no", None));
        return writer.Commit();
    }

    private static DatasetInfo Info() =>
        new()
        {
            Name = "small",
            Question = "Which?",
            Labels = ["yes", "no"],
            Attributes = [new("size", ["small", "large"])],
            Provenance = new("test", "by hand", [new("key", "value")]),
            Licence = "CC0-1.0",
        };
}
