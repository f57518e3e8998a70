using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>What people say about a run, and whether it waits for its turn: <c>card.json</c> in the run's folder.</summary>
public sealed record RunCard
{
    /// <summary>Most tags of a run.</summary>
    public const int MostTags = 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Who asked for the run; null for one that was begun from the command line.</summary>
    public string? By { get; init; }

    public string? Note { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Warnings that people want to hear no more of in this run.</summary>
    public IReadOnlyList<RunWarningKind> Muted { get; init; } = [];

    /// <summary>Higher ones are first; 0 is ordinary.</summary>
    public int Priority { get; init; }

    /// <summary>Put away: left out of lists, and may be deleted.</summary>
    public bool Archived { get; init; }

    /// <summary>Since when it waits for a process that trains it; null when it does not.</summary>
    public DateTimeOffset? QueuedAt { get; init; }

    /// <summary>The slot in which the site trains it, from 0; says which GPU it has. Holds while a process trains.</summary>
    public int? Slot { get; init; }

    /// <summary>How its last process ended, where the site saw it: an exit code, 128 + the number of a signal.</summary>
    public int? ExitCode { get; init; }

    /// <summary>When it did; what was written later is another process's.</summary>
    public DateTimeOffset? ExitedAt { get; init; }

    /// <summary>The card of a run; an empty one where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is not a card.</exception>
    public static RunCard Read(RunDirectory run)
    {
        try
        {
            return JsonSerializer.Deserialize<RunCard>(File.ReadAllBytes(PathOf(run)), Json) ?? new RunCard();
        }
        catch (FileNotFoundException)
        {
            return new RunCard();
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{PathOf(run)}' is not a run's card: {exception.Message} Deleting it loses tags, note and place in the queue, nothing else.",
                exception
            );
        }
    }

    public void Write(RunDirectory run) =>
        AtomicFile.Write(PathOf(run), stream => JsonSerializer.Serialize(stream, this, Json));

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, "card.json");
}
