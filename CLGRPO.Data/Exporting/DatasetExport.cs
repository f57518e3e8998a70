using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;

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

/// <summary>Writes samples as a folder or an archive in a form that others read: files of rows, pictures under <c>images/</c>.</summary>
public static class DatasetExport
{
    private const string ImagesFolder = "images";
    private const int ReportEvery = 500;

    private static readonly JsonWriterOptions RowOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    /// <param name="source">What to write.</param>
    /// <param name="format">In which form.</param>
    /// <param name="target">A folder that does not exist yet.</param>
    /// <param name="withImages">Also copy the pictures.</param>
    /// <exception cref="IOException">The folder exists, or cannot be written.</exception>
    public static async Task Write(
        ExportSource source,
        ExportFormat format,
        string target,
        bool withImages,
        CancellationToken stop
    )
    {
        using var folder = new AtomicFolder(target);
        await Write(source, format, withImages, Create, progress: null, stop);
        folder.Commit();

        Stream Create(string name, bool isPicture)
        {
            var path = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        }
    }

    /// <summary>As <see cref="Write(ExportSource, ExportFormat, string, bool, CancellationToken)"/>, as a zip archive; an import reads the archive of <see cref="ExportFormat.Jsonl"/>.</summary>
    /// <param name="target">Written from its place on; it need not be able to go back.</param>
    /// <param name="progress">Told how many samples and pictures are written.</param>
    /// <exception cref="OperationCanceledException">It was stopped; the archive is not whole.</exception>
    public static async Task WriteZip(
        ExportSource source,
        ExportFormat format,
        Stream target,
        bool withImages,
        IProgress<long>? progress,
        CancellationToken stop
    )
    {
        using var archive = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
        // Pictures are compressed already.
        await Write(
            source,
            format,
            withImages,
            (name, isPicture) =>
                archive.CreateEntry(name, isPicture ? CompressionLevel.NoCompression : CompressionLevel.Fastest).Open(),
            progress,
            stop
        );
    }

    /// <param name="create">Opens a file of the export, one at a time; told whether it is a picture.</param>
    private static async Task Write(
        ExportSource source,
        ExportFormat format,
        bool withImages,
        Func<string, bool, Stream> create,
        IProgress<long>? progress,
        CancellationToken stop
    )
    {
        var names = source.ImageNames(ImagesFolder);
        long done = 0;
        foreach (var part in source.Parts)
        {
            await foreach (var _ in Written(part, source, format, create, names, stop))
            {
                if (++done % ReportEvery == 0)
                    progress?.Report(done);
            }
        }
        progress?.Report(done);
        if (format == ExportFormat.Jsonl)
        {
            using var info = create(DatasetVersion.InfoFile, false);
            DatasetJson.WriteInfo(info, source.Info);
        }
        if (!withImages)
            return;
        foreach (var image in source.Images)
        {
            stop.ThrowIfCancellationRequested();
            using var picture = create(names[image], true);
            using var file = File.OpenRead(source.PathOf(image));
            file.CopyTo(picture);
            if (++done % ReportEvery == 0)
                progress?.Report(done);
        }
        progress?.Report(done);
    }

    /// <summary>Writes a file of rows, and gives each row back as it is written.</summary>
    private static async IAsyncEnumerable<ExportRow> Written(
        ExportPart part,
        ExportSource source,
        ExportFormat format,
        Func<string, bool, Stream> create,
        Dictionary<string, string> names,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        var extension = format == ExportFormat.Csv ? ".csv" : ".jsonl";
        await using var file = create(part.Name + extension, false);
        await using var stream = new BufferedStream(file, 1 << 16);
        using var table = format == ExportFormat.Csv ? new CsvWriter(stream) : null;
        table?.Write(ExportTable.Header(source));
        await foreach (var row in part.Rows.WithCancellation(stop))
        {
            stop.ThrowIfCancellationRequested();
            if (table is not null)
            {
                table.Write(ExportTable.Cells(source, row, names[row.Sample.Image]));
            }
            else
            {
                using (var json = new Utf8JsonWriter(stream, RowOptions))
                    WriteRow(json, format, row, source.Info, names[row.Sample.Image]);
                stream.WriteByte((byte)'\n');
            }
            yield return row;
        }
    }

    private static void WriteRow(
        Utf8JsonWriter json,
        ExportFormat format,
        ExportRow row,
        DatasetInfo info,
        string image
    )
    {
        var sample = row.Sample;
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
        WriteIfAny(json, "split", row.Split?.Key());
        WriteIfAny(json, "group", row.Group);
        WriteIfAny(json, "review", row.Review);
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
}
