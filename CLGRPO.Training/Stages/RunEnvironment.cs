using System.Runtime.InteropServices;
using System.Text.Json;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Stages;

/// <summary>
/// What a run was begun with besides its recipe: <c>environment.json</c>. Workers and device belong to its identity: with
/// others, the sums of a step are rounded otherwise.
/// </summary>
internal sealed record RunEnvironment(
    string Program,
    string Runtime,
    string System,
    int Processors,
    int Workers,
    string Device
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static RunEnvironment Here(int workers, string device) =>
        new(
            typeof(RunEnvironment).Assembly.GetName().Version!.ToString(),
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            Environment.ProcessorCount,
            workers,
            device
        );

    /// <exception cref="InvalidDataException">The file is not an environment; the message names it.</exception>
    public static RunEnvironment Of(RunDirectory run)
    {
        try
        {
            return JsonSerializer.Deserialize<RunEnvironment>(File.ReadAllText(run.EnvironmentPath), Json)
                ?? throw new JsonException("it holds null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{run.EnvironmentPath}: {e.Message}", e);
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
