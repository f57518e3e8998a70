using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>What a token is there for.</summary>
public enum TokenRole
{
    /// <summary>Stands for a part of the picture, or frames it.</summary>
    Image,

    /// <summary>Text that the model is given.</summary>
    Prompt,

    /// <summary>The completion up to the end of its reasoning.</summary>
    Reasoning,

    /// <summary>The rest of the completion, its end token included.</summary>
    Answer,

    /// <summary>Fills the row up to the longest of its micro-batch; it is computed and never seen.</summary>
    Padding,
}

/// <summary>A token, or some of the same in a row.</summary>
/// <param name="Text">As the tokenizer writes it; empty where a character's bytes go on in the next token.</param>
/// <param name="Loss">Whether it counts in the loss.</param>
/// <param name="Count">How many of the same.</param>
public sealed record FirstBatchToken(TokenRole Role, string Text, bool Loss = false, int Count = 1);

/// <summary>A row of the first batch.</summary>
/// <param name="Sample">Id of the data set's sample.</param>
/// <param name="Image">SHA-256 of its image.</param>
/// <param name="Label">The right answer.</param>
/// <param name="Columns">Tiles side by side.</param>
/// <param name="Lines">Tiles one above the other; where there is one tile more than these, it is the thumbnail.</param>
/// <param name="Tiles">The thumbnail included.</param>
/// <param name="Picture">File of the tiles, one below the other, as the vision tower got them; beside the record.</param>
/// <param name="Length">Tokens without padding.</param>
public sealed record FirstBatchRow(
    string Sample,
    string Image,
    string Label,
    int Columns,
    int Lines,
    int Tiles,
    string Picture,
    int Length,
    IReadOnlyList<FirstBatchToken> Tokens
);

/// <summary>
/// What the first step of a stage trained on, as the model saw it: <c>first-batch/stage/batch.json</c> and pictures beside it. The folder
/// appears whole or not at all and is never written again, so it is the same however often the run was cut off.
/// </summary>
/// <param name="Rows">Sequences of the batch, whether shown or not.</param>
/// <param name="MicroBatches">Parts in which it was computed.</param>
/// <param name="Tokens">Tokens computed, padding included.</param>
/// <param name="Padding">Those of them that only fill up.</param>
/// <param name="LossTokens">Tokens that count in the loss.</param>
/// <param name="Longest">Tokens of the longest sequence.</param>
/// <param name="TileSize">Pixels per side of a tile.</param>
/// <param name="TokensPerTile">Image tokens of a tile.</param>
/// <param name="PromptsShared">Whether a prompt is computed once for all its completions.</param>
/// <param name="Shown">The first rows.</param>
public sealed record FirstBatch(
    int Rows,
    int MicroBatches,
    long Tokens,
    long Padding,
    long LossTokens,
    int Longest,
    int TileSize,
    int TokensPerTile,
    bool PromptsShared,
    IReadOnlyList<FirstBatchRow> Shown
)
{
    private const string RecordName = "batch.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Whether a stage's first batch was written.</summary>
    public static bool Exists(RunDirectory run, string stage) => Directory.Exists(FolderOf(run, stage));

    /// <summary>Writes a stage's first batch.</summary>
    /// <param name="pictures">File name → content.</param>
    /// <exception cref="IOException">It was written before, or there is no room.</exception>
    public void Write(RunLock runLock, string stage, IReadOnlyDictionary<string, byte[]> pictures)
    {
        using var folder = new AtomicFolder(FolderOf(runLock.Run, stage));
        foreach (var (name, content) in pictures)
            File.WriteAllBytes(Path.Combine(folder.Path, name), content);
        File.WriteAllBytes(Path.Combine(folder.Path, RecordName), JsonSerializer.SerializeToUtf8Bytes(this, Json));
        folder.Commit();
    }

    /// <summary>A stage's first batch; null where the stage has not begun, or an older build began it.</summary>
    /// <param name="stage">One of the recipe's.</param>
    /// <exception cref="InvalidDataException">The record is damaged.</exception>
    public static FirstBatch? Read(RunDirectory run, string stage)
    {
        var path = Path.Combine(FolderOf(run, stage), RecordName);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<FirstBatch>(File.ReadAllBytes(path), Json)
                ?? throw new JsonException("null is not a batch.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{path}' is not a first batch: {exception.Message}", exception);
        }
    }

    /// <summary>A row's picture; null where there is none.</summary>
    /// <param name="stage">One of the recipe's.</param>
    /// <param name="row">Place among the rows shown.</param>
    public static string? PicturePath(RunDirectory run, string stage, int row) =>
        Read(run, stage) is { } batch && row >= 0 && row < batch.Shown.Count
            // The record names files beside it, whoever wrote it.
            ? Path.Combine(FolderOf(run, stage), Path.GetFileName(batch.Shown[row].Picture))
            : null;

    private static string FolderOf(RunDirectory run, string stage) => Path.Combine(run.FirstBatchPath, stage);
}
