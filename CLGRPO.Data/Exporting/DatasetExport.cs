using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;

namespace CLGRPO.Data.Exporting;

/// <summary>The forms in which a version leaves the house.</summary>
public enum ExportFormat
{
    /// <summary>Our own rows; nothing is lost, and an import brings them back.</summary>
    Jsonl,

    /// <summary>LLaVA's and ShareGPT's conversations.</summary>
    Llava,

    /// <summary>ms-swift's messages.</summary>
    Swift,

    /// <summary>A table for spreadsheets, safe against formulas; for people, not for import.</summary>
    Csv,
}

/// <summary>Writes a frozen version as a folder in a form that others read: rows for each split, pictures under <c>images/</c>.</summary>
public static class DatasetExport
{
    private const string ImagesFolder = "images";

    private static readonly JsonWriterOptions RowOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    /// <param name="version">What to write.</param>
    /// <param name="format">In which form.</param>
    /// <param name="target">A folder that does not exist yet.</param>
    /// <param name="withImages">Also copy the pictures.</param>
    /// <exception cref="IOException">The folder exists, or cannot be written.</exception>
    public static void Write(DatasetVersion version, ExportFormat format, string target, bool withImages)
    {
        using var folder = new AtomicFolder(target);
        Write(version, format, withImages, Create, progress: null, CancellationToken.None);
        folder.Commit();

        Stream Create(string name, bool isPicture)
        {
            var path = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        }
    }

    /// <summary>As <see cref="Write(DatasetVersion, ExportFormat, string, bool)"/>, as a zip archive; an import reads the archive of <see cref="ExportFormat.Jsonl"/>.</summary>
    /// <param name="target">Written from its place on; it need not be able to go back.</param>
    /// <param name="progress">Told how many samples and pictures are written.</param>
    /// <exception cref="OperationCanceledException">It was stopped; the archive is not whole.</exception>
    public static void WriteZip(
        DatasetVersion version,
        ExportFormat format,
        Stream target,
        bool withImages,
        IProgress<long>? progress,
        CancellationToken stop
    )
    {
        using var archive = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
        // Pictures are compressed already.
        Write(
            version,
            format,
            withImages,
            (name, isPicture) =>
                archive.CreateEntry(name, isPicture ? CompressionLevel.NoCompression : CompressionLevel.Fastest).Open(),
            progress,
            stop
        );
    }

    /// <param name="create">Opens a file of the export, one at a time; told whether it is a picture.</param>
    private static void Write(
        DatasetVersion version,
        ExportFormat format,
        bool withImages,
        Func<string, bool, Stream> create,
        IProgress<long>? progress,
        CancellationToken stop
    )
    {
        var names = ImageNames(version);
        long done = 0;
        foreach (var split in Splits.All)
        {
            stop.ThrowIfCancellationRequested();
            WriteSplit(version, split, format, create, names);
            progress?.Report(done += version.Of(split).Count);
        }
        if (format == ExportFormat.Jsonl)
        {
            using var info = create(DatasetVersion.InfoFile, false);
            DatasetJson.WriteInfo(info, version.Info);
        }
        if (!withImages)
            return;
        foreach (var sample in Pictures(version))
        {
            stop.ThrowIfCancellationRequested();
            using var picture = create(names[sample.Image], true);
            using var source = File.OpenRead(version.ImagePath(sample));
            source.CopyTo(picture);
            progress?.Report(++done);
        }
    }

    private static void WriteSplit(
        DatasetVersion version,
        Split split,
        ExportFormat format,
        Func<string, bool, Stream> create,
        Dictionary<string, string> names
    )
    {
        var extension = format == ExportFormat.Csv ? ".csv" : ".jsonl";
        using var file = create(split.Key() + extension, false);
        using var stream = new BufferedStream(file, 1 << 16);
        if (format == ExportFormat.Csv)
        {
            WriteTable(version, split, stream, names);
            return;
        }
        foreach (var sample in version.Of(split))
        {
            using (var json = new Utf8JsonWriter(stream, RowOptions))
                WriteRow(json, format, sample, version.Info, names[sample.Image]);
            stream.WriteByte((byte)'\n');
        }
    }

    private static void WriteRow(
        Utf8JsonWriter json,
        ExportFormat format,
        Sample sample,
        DatasetInfo info,
        string image
    )
    {
        json.WriteStartObject();
        json.WriteString("id", sample.Id);
        switch (format)
        {
            case ExportFormat.Jsonl:
                json.WriteString("image", image);
                json.WriteString("label", sample.Label);
                WriteAttributes(json, sample, info);
                WriteIfAny(json, "completion", sample.Completion);
                WriteIfAny(json, "teacher", sample.Teacher);
                break;
            case ExportFormat.Llava:
                json.WriteString("image", image);
                json.WriteString("label", sample.Label);
                json.WriteStartArray("conversations");
                WriteTurn(json, "from", "human", "value", "<image>\n" + info.Question);
                WriteTurn(json, "from", "gpt", "value", Reply(sample));
                json.WriteEndArray();
                break;
            default:
                json.WriteStartArray("messages");
                WriteTurn(json, "role", "user", "content", "<image>" + info.Question);
                WriteTurn(json, "role", "assistant", "content", Reply(sample));
                json.WriteEndArray();
                json.WriteStartArray("images");
                json.WriteStringValue(image);
                json.WriteEndArray();
                json.WriteString("solution", sample.Label);
                break;
        }
        json.WriteEndObject();
    }

    /// <summary>The chain of thought, or the label alone where there is none.</summary>
    private static string Reply(Sample sample) => sample.Completion ?? sample.Label;

    private static void WriteAttributes(Utf8JsonWriter json, Sample sample, DatasetInfo info)
    {
        json.WriteStartObject("attributes");
        foreach (var attribute in info.Attributes.Where(attribute => sample.Attributes.ContainsKey(attribute.Name)))
        {
            json.WriteStartArray(attribute.Name);
            foreach (var value in sample.Attributes[attribute.Name])
                json.WriteStringValue(value);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteTurn(Utf8JsonWriter json, string whoKey, string who, string textKey, string text)
    {
        json.WriteStartObject();
        json.WriteString(whoKey, who);
        json.WriteString(textKey, text);
        json.WriteEndObject();
    }

    private static void WriteIfAny(Utf8JsonWriter json, string key, string? value)
    {
        if (value is not null)
            json.WriteString(key, value);
    }

    private static void WriteTable(DatasetVersion version, Split split, Stream stream, Dictionary<string, string> names)
    {
        using var writer = new CsvWriter(stream);
        writer.Write(["id", "image", "label", .. version.Info.Attributes.Select(a => a.Name), "completion", "teacher"]);
        foreach (var sample in version.Of(split))
        {
            writer.Write([
                sample.Id,
                names[sample.Image],
                sample.Label,
                .. version.Info.Attributes.Select(a =>
                    sample.Attributes.TryGetValue(a.Name, out var values) ? string.Join("; ", values) : ""
                ),
                sample.Completion ?? "",
                sample.Teacher ?? "",
            ]);
        }
    }

    /// <summary>Hash → path in the export, with the extension that other programs want to see.</summary>
    private static Dictionary<string, string> ImageNames(DatasetVersion version)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var sample in Pictures(version))
            names[sample.Image] = $"{ImagesFolder}/{sample.Image}{ImageKind.ExtensionOf(version.ImagePath(sample))}";
        return names;
    }

    private static IEnumerable<Sample> Pictures(DatasetVersion version) =>
        Splits.All.SelectMany(version.Of).DistinctBy(sample => sample.Image, StringComparer.Ordinal);
}
