using System.Runtime.InteropServices;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Compute;
using static TorchSharp.torch;

namespace CLGRPO.Training.Stages;

/// <summary>
/// What a run was begun with besides its recipe: <c>environment.json</c>. Workers and device belong to its identity: with
/// others, the sums of a step are rounded otherwise.
/// </summary>
/// <param name="Workers">Threads that share a step.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda:N</c>.</param>
/// <param name="Libtorch">Its version.</param>
/// <param name="Gpu">The GPU's name; null on the processor.</param>
/// <param name="Driver">The version of NVIDIA's driver; null on the processor.</param>
internal sealed record RunEnvironment(
    string Program,
    string Runtime,
    string System,
    int Processors,
    int Workers,
    string Device,
    string? Libtorch = null,
    string? Gpu = null,
    string? Driver = null
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static RunEnvironment Here(int workers, Device device)
    {
        var gpu = GpuDescription.Of(device);
        return new(
            typeof(RunEnvironment).Assembly.GetName().Version!.ToString(),
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            Environment.ProcessorCount,
            workers,
            device.ToString(),
            __version__,
            gpu?.Name,
            gpu?.Driver
        );
    }

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
