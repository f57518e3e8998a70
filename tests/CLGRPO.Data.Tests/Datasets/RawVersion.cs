using System.Text;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Tests.Datasets;

/// <summary>A small dataset version written by hand, so that tests can put anything into it; the folder bears the right hash.</summary>
internal sealed class RawVersion(TemporaryFolder root)
{
    public const string Name = "tiny";

    public string Info { get; set; } =
        """
            {"format_version": 1, "name": "tiny", "question": "Which?", "labels": ["yes", "no"],
             "attributes": {"size": ["small", "large"]}, "counts": {"train": 2, "val": 1, "test": 1},
             "provenance": {"source": "by hand", "method": "none", "settings": {}}, "licence": "CC0-1.0"}
            """;

    public List<string> Train { get; } = [Row("a", "one", "yes"), Row("b", "two", "no")];
    public List<string> Validation { get; } = [Row("c", "three", "yes")];
    public List<string> Test { get; } = [Row("d", "four", "no")];

    /// <summary>A good row; the image is named by its content.</summary>
    public static string Row(string id, string image, string label) =>
        $$"""{"id":"{{id}}","image":"{{Image(image)}}","label":"{{label}}","attributes":{"size":["small"]} }""";

    public static string Image(string content) => DatasetHash.Of(Encoding.UTF8.GetBytes(content));

    public string Write()
    {
        Directory.CreateDirectory(root.In("blobs"));
        foreach (var image in (string[])["one", "two", "three", "four"])
            File.WriteAllText(root.In("blobs", Image(image)), image);
        var draft = Directory.CreateDirectory(root.In(Name, "draft")).FullName;
        File.WriteAllText(Path.Combine(draft, "dataset.json"), Info);
        foreach (
            var (file, rows) in ((string, List<string>)[])
                [("train.jsonl", Train), ("val.jsonl", Validation), ("test.jsonl", Test)]
        )
            File.WriteAllText(Path.Combine(draft, file), string.Concat(rows.Select(row => row + "\n")));
        var version = root.In(Name, DatasetHash.OfFolder(draft));
        Directory.Move(draft, version);
        return version;
    }
}
