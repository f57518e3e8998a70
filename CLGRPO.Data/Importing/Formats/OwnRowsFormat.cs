using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>
/// Our own rows: <c>{"id", "image", "label", "attributes", "completion", "teacher"}</c>, the picture as a path beside the
/// file. An export of ours, with its <c>dataset.json</c>, comes back as it was.
/// </summary>
public sealed class OwnRowsFormat : JsonRowsFormat
{
    public override string Name => "jsonl";

    protected override bool Fits(JsonElement row) =>
        row.TryGetProperty("image", out _) && row.TryGetProperty("label", out _);

    public override SourceDescription Describe(ISourceFiles files)
    {
        if (!files.Contains(DatasetVersion.InfoFile))
            return base.Describe(files);
        var problems = new List<string>();
        var info = DatasetJson.ReadInfo(files.Read(DatasetVersion.InfoFile, 1 << 24), problems);
        return info is not null && problems.Count == 0
            ? new SourceDescription(info.Labels, info.Attributes, info.Question, info.Licence, info.Counts.Total)
            : throw new ImportException($"{DatasetVersion.InfoFile}: {string.Join("; ", problems)}");
    }

    protected override SourceRow Row(JsonElement row) =>
        new()
        {
            Key = JsonFile.Id(row),
            Image = JsonFile.Text(row, "image") ?? throw new ImportException("'image' is missing"),
            Label = JsonFile.Text(row, "label") ?? throw new ImportException("'label' is missing"),
            Attributes = Attributes(row),
            Split = JsonFile.Text(row, "split") is { } split ? SplitNamed(split) : null,
            Group = JsonFile.Text(row, "group"),
            Completion = JsonFile.Text(row, "completion"),
            Teacher = JsonFile.Text(row, "teacher"),
        };

    private static Split SplitNamed(string name) =>
        Splits.All.Where(split => split.Key() == name).Select(split => (Split?)split).FirstOrDefault()
        ?? throw new ImportException($"'split' is {StrictJson.Quote(name)}; give train, val or test");

    private static Dictionary<string, IReadOnlyList<string>> Attributes(JsonElement row)
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (!row.TryGetProperty("attributes", out var given) || given.ValueKind == JsonValueKind.Null)
            return attributes;
        if (given.ValueKind != JsonValueKind.Object)
            throw new ImportException("'attributes' must be an object of lists");
        foreach (var attribute in given.EnumerateObject())
        {
            if (
                attribute.Value.ValueKind != JsonValueKind.Array
                || attribute.Value.EnumerateArray().Any(value => value.ValueKind != JsonValueKind.String)
            )
                throw new ImportException($"'attributes.{attribute.Name}' must be a list of texts");
            attributes[attribute.Name] = [.. attribute.Value.EnumerateArray().Select(value => value.GetString()!)];
        }
        return attributes;
    }
}
