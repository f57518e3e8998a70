using System.Text.Json;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>Checkpoints that are kept whatever comes: <c>pins.json</c> in the run's folder, a list of folder names.</summary>
public static class RunPins
{
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    public static IReadOnlySet<string> Read(RunDirectory run)
    {
        try
        {
            return JsonSerializer.Deserialize<HashSet<string>>(File.ReadAllBytes(PathOf(run))) ?? [];
        }
        catch (FileNotFoundException)
        {
            return new HashSet<string>(StringComparer.Ordinal);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{PathOf(run)}' is not a list of checkpoints: {exception.Message} Write [\"step-0000012\"], or delete the file.",
                exception
            );
        }
    }

    /// <summary>Pins a checkpoint, or lets it go.</summary>
    public static void Set(RunDirectory run, string checkpoint, bool pinned)
    {
        var pins = new SortedSet<string>(Read(run), StringComparer.Ordinal);
        if (pinned ? pins.Add(checkpoint) : pins.Remove(checkpoint))
            AtomicFile.Write(PathOf(run), stream => JsonSerializer.Serialize(stream, pins));
    }

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, "pins.json");
}
