using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>What a run is asked to do.</summary>
public enum RunCommand
{
    /// <summary>Go on.</summary>
    None,

    /// <summary>Finish the step, save, and wait.</summary>
    Pause,

    /// <summary>Finish the step, save, and end.</summary>
    Stop,

    /// <summary>End without saving; the last sealed checkpoint counts.</summary>
    Abort,
}

/// <summary>Reads and writes <c>control.json</c>, for example <c>{"command":"pause"}</c>: how the site, or a person, talks to a running process.</summary>
public static class RunControl
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The command that stands; <see cref="RunCommand.None"/> where there is none.</summary>
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    public static RunCommand Read(RunDirectory run)
    {
        if (!File.Exists(run.ControlPath))
            return RunCommand.None;
        try
        {
            return JsonSerializer.Deserialize<Order>(File.ReadAllBytes(run.ControlPath), Json)?.Command
                ?? RunCommand.None;
        }
        catch (FileNotFoundException)
        {
            return RunCommand.None; // withdrawn since we looked
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{run.ControlPath}' is not a command: {exception.Message} Write {{\"command\":\"pause\"}}, \"stop\" or \"abort\", or delete the file.",
                exception
            );
        }
    }

    /// <summary>Asks a run to do something; <see cref="RunCommand.None"/> withdraws what was asked.</summary>
    public static void Write(RunDirectory run, RunCommand command)
    {
        if (command == RunCommand.None)
            File.Delete(run.ControlPath);
        else
            AtomicFile.Write(run.ControlPath, stream => JsonSerializer.Serialize(stream, new Order(command), Json));
    }

    private sealed record Order([property: JsonRequired] RunCommand Command);
}
