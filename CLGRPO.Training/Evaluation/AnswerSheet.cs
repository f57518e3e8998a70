using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Training.Evaluation;

/// <summary>
/// What one model answered about every image of a split: a file of JSON lines, the first says what was asked, each other is an
/// <see cref="ImageAnswer"/> in the split's order. While it is written it is called <c>….part</c>, and can be gone on with.
/// </summary>
public sealed class AnswerSheet
{
    /// <summary>Ends the name of a sheet that is not whole yet.</summary>
    public const string PartSuffix = ".part";

    private const string LockSuffix = ".lock";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private AnswerSheet(AnswerSheetTerms terms, IReadOnlyList<ImageAnswer> answers) =>
        (Terms, Answers) = (terms, answers);

    /// <summary>What was asked, and how.</summary>
    public AnswerSheetTerms Terms { get; }

    /// <summary>[images], in the split's order.</summary>
    public IReadOnlyList<ImageAnswer> Answers { get; }

    /// <summary>[images].</summary>
    public IReadOnlyList<Prediction> Predictions => [.. Answers.Select(answer => answer.Prediction)];

    /// <summary>Reads a whole sheet.</summary>
    /// <exception cref="InvalidDataException">A line is no answer, or the sheet has not as many as it says.</exception>
    public static AnswerSheet Read(string path)
    {
        var lines = File.ReadAllLines(path);
        if (lines.Length == 0)
            throw new InvalidDataException($"{path} is empty.");
        var terms = ReadLine<AnswerSheetTerms>(path, lines, 0);
        if (lines.Length - 1 != terms.Images)
            throw new InvalidDataException($"{path} has {lines.Length - 1} answers, not {terms.Images}.");
        return new AnswerSheet(
            terms,
            [.. Enumerable.Range(1, terms.Images).Select(i => ReadLine<ImageAnswer>(path, lines, i))]
        );
    }

    /// <summary>How many answers a sheet that is being written has so far; 0 where it is not begun.</summary>
    public static int CountWritten(string path)
    {
        try
        {
            using var part = new FileStream(
                path + PartSuffix,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            var lines = 0;
            var buffer = new byte[1 << 16];
            for (var read = part.Read(buffer); read > 0; read = part.Read(buffer))
                lines += buffer.AsSpan(0, read).Count((byte)'\n');
            return Math.Max(0, lines - 1);
        }
        catch (FileNotFoundException)
        {
            return 0; // not begun, or made whole just now
        }
    }

    /// <summary>Writes a sheet, a part at a time; goes on with one that was begun on the same terms.</summary>
    /// <param name="path">Where it will lie when it is whole.</param>
    /// <param name="terms">What is asked.</param>
    /// <param name="answer">Answers about the images from a place on, as many as it likes, at least one.</param>
    /// <exception cref="IOException">Another process writes it.</exception>
    public static void Write(string path, AnswerSheetTerms terms, Func<int, IReadOnlyList<ImageAnswer>> answer)
    {
        // A lock between processes; the part itself is open to those who look how far it is.
        using var only = new FileStream(
            path + LockSuffix,
            FileMode.OpenOrCreate,
            FileAccess.Write,
            FileShare.None,
            bufferSize: 0,
            FileOptions.DeleteOnClose
        );
        using (
            var part = new FileStream(path + PartSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read)
        )
        {
            var header = JsonSerializer.SerializeToUtf8Bytes(terms, Json);
            for (var count = Continue(part, header); count < terms.Images; )
            {
                var answers = answer(count);
                foreach (var item in answers)
                    WriteLine(part, JsonSerializer.SerializeToUtf8Bytes(item, Json));
                part.Flush(flushToDisk: true);
                count += answers.Count;
            }
        }
        File.Move(path + PartSuffix, path, overwrite: true);
    }

    /// <returns>Whole answers that are there; what a cut left of another is gone.</returns>
    private static int Continue(FileStream part, byte[] header)
    {
        var content = new byte[part.Length];
        part.ReadExactly(content);
        var first = Array.IndexOf(content, (byte)'\n');
        if (first < 0 || !content.AsSpan(0, first).SequenceEqual(header))
        {
            part.SetLength(0);
            WriteLine(part, header);
            return 0;
        }
        part.SetLength(Array.LastIndexOf(content, (byte)'\n') + 1);
        part.Seek(0, SeekOrigin.End);
        return content.AsSpan().Count((byte)'\n') - 1;
    }

    private static void WriteLine(FileStream part, byte[] json)
    {
        part.Write(json);
        part.WriteByte((byte)'\n');
    }

    private static T ReadLine<T>(string path, string[] lines, int index)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Encoding.UTF8.GetBytes(lines[index]), Json)
                ?? throw new InvalidDataException($"{path}, line {index + 1}: null is no answer.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, line {index + 1}: {e.Message}", e);
        }
    }
}

/// <summary>What was asked of a model, and how.</summary>
/// <param name="Dataset">The data set's name.</param>
/// <param name="DatasetHash">The version's content hash.</param>
/// <param name="Split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
/// <param name="Images">How many images, from the split's first on.</param>
/// <param name="Labels">The labels that indexes are about.</param>
/// <param name="Completion"><c>cot</c> or <c>answer</c>.</param>
/// <param name="Temperature">0 = greedy.</param>
/// <param name="Seed">Of sampling.</param>
/// <param name="MaxTokens">Tokens at which a completion is cut.</param>
public sealed record AnswerSheetTerms(
    string Dataset,
    string DatasetHash,
    string Split,
    int Images,
    IReadOnlyList<string> Labels,
    string Completion,
    double Temperature,
    long Seed,
    int MaxTokens
);
