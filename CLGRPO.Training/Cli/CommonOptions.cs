using System.CommandLine;
using System.Text.Json;

namespace CLGRPO.Training.Cli;

/// <summary>Options that several commands take.</summary>
internal static class CommonOptions
{
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    /// <summary>Part of a run's identity: the sum of the workers' gradients depends on their number.</summary>
    public static Option<int> Workers() => new("--workers") { Description = "Threads that each take a share of a step", DefaultValueFactory = _ => Environment.ProcessorCount };

    public static Option<string> Device() => new("--device") { Description = "cpu or cuda", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("CLGRPO_DEVICE") ?? "cpu" };
}
