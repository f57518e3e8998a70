using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Data.Datasets;

/// <summary>The byte-exact JSON of <c>dataset.json</c> and of the rows: fixed key order, no escapes where none are needed, one line break at the end.</summary>
internal static class DatasetJson
{
    private static readonly JsonWriterOptions RowOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };
    private static readonly JsonWriterOptions InfoOptions = RowOptions with { Indented = true };

    public static void WriteRow(Stream stream, Sample sample, DatasetInfo info)
    {
        using (var json = new Utf8JsonWriter(stream, RowOptions))
        {
            json.WriteStartObject();
            json.WriteString("id", sample.Id);
            json.WriteString("image", sample.Image);
            json.WriteString("label", sample.Label);
            json.WriteStartObject("attributes");
            foreach (var attribute in info.Attributes) // the vocabulary's order, whatever the dictionary's
            {
                if (sample.Attributes.TryGetValue(attribute.Name, out var values))
                    WriteList(json, attribute.Name, values);
            }
            json.WriteEndObject();
            if (sample.Completion is not null)
                json.WriteString("completion", sample.Completion);
            if (sample.Teacher is not null)
                json.WriteString("teacher", sample.Teacher);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }

    public static Sample? ReadRow(ReadOnlyMemory<byte> line, List<string> problems)
    {
        var row = StrictJson.Parse(line, problems, "id", "image", "label", "attributes", "completion", "teacher");
        if (row is null)
            return null;
        var (id, image, label) = (row.Text("id"), row.Text("image"), row.Text("label"));
        var attributes = row.Lists("attributes");
        var (completion, teacher) = (row.OptionalText("completion"), row.OptionalText("teacher"));
        return problems.Count > 0
            ? null
            : new Sample(id!, image!, label!, attributes!.ToDictionary(StringComparer.Ordinal), completion, teacher);
    }

    public static void WriteInfo(Stream stream, DatasetInfo info)
    {
        using (var json = new Utf8JsonWriter(stream, InfoOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("format_version", info.FormatVersion);
            json.WriteString("name", info.Name);
            json.WriteString("question", info.Question);
            WriteList(json, "labels", info.Labels);
            json.WriteStartObject("attributes");
            foreach (var attribute in info.Attributes)
                WriteList(json, attribute.Name, attribute.Values);
            json.WriteEndObject();
            json.WriteStartObject("counts");
            foreach (var split in Splits.All)
                json.WriteNumber(split.Key(), info.Counts.Of(split));
            json.WriteEndObject();
            WriteProvenance(json, info.Provenance);
            json.WriteString("licence", info.Licence);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }

    public static DatasetInfo? ReadInfo(ReadOnlyMemory<byte> bytes, List<string> problems)
    {
        var json = StrictJson.Parse(
            bytes,
            problems,
            "format_version",
            "name",
            "question",
            "labels",
            "attributes",
            "counts",
            "provenance",
            "licence"
        );
        if (json is null)
            return null;
        var format = json.Integer("format_version");
        if (format is not null and not DatasetInfo.CurrentFormatVersion)
            problems.Add($"format_version {format} is not known; this build reads {DatasetInfo.CurrentFormatVersion}");
        var (name, question, licence) = (json.Text("name"), json.Text("question"), json.Text("licence"));
        var labels = json.Texts("labels");
        var attributes = json.Lists("attributes");
        var counts = json.Object("counts", "train", "val", "test");
        var (train, validation, test) = (counts?.Integer("train"), counts?.Integer("val"), counts?.Integer("test"));
        var provenance = ReadProvenance(json);
        if (problems.Count > 0)
            return null;
        return new DatasetInfo
        {
            Name = name!,
            Question = question!,
            Labels = labels!,
            Attributes = [.. attributes!.Select(attribute => new AttributeVocabulary(attribute.Key, attribute.Value))],
            Counts = new(train!.Value, validation!.Value, test!.Value),
            Provenance = provenance!,
            Licence = licence!,
        };
    }

    private static DatasetProvenance? ReadProvenance(StrictJson info)
    {
        var json = info.Object("provenance", "source", "method", "settings");
        var (source, method, settings) = (json?.Text("source"), json?.Text("method"), json?.Pairs("settings"));
        return source is null || method is null || settings is null ? null : new(source, method, settings);
    }

    private static void WriteProvenance(Utf8JsonWriter json, DatasetProvenance provenance)
    {
        json.WriteStartObject("provenance");
        json.WriteString("source", provenance.Source);
        json.WriteString("method", provenance.Method);
        json.WriteStartObject("settings");
        foreach (var (key, value) in provenance.Settings)
            json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
