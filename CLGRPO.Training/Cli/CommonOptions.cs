using System.CommandLine;
using CLGRPO.Training.Compute;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>Options that several commands take.</summary>
internal static class CommonOptions
{
    /// <summary>Part of a run's identity: the sum of the workers' gradients depends on their number.</summary>
    public static Option<int?> Workers() =>
        new("--workers")
        {
            Description = "Threads that each take a share of a step; by default one for each processor, on a GPU one",
        };

    public static Option<string> Device() =>
        new("--device")
        {
            Description = $"cpu, cuda or cuda:N (or set {ComputeDevice.Variable})",
            DefaultValueFactory = _ => ComputeDevice.DefaultName,
        };

    public static Option<string> Datasets() =>
        new("--datasets") { Description = "Folder of the data sets", DefaultValueFactory = _ => "datasets" };

    public static Option<string> Model() =>
        new("--model") { Description = "A model's folder, such as a checkpoint of a run", Required = true };

    public static Option<string[]> Images() =>
        new("--image")
        {
            Description = "A PNG, JPEG or WebP; give it again for more; without one the prompt is text alone",
        };

    public static Option<string?> Prompt() =>
        new("--prompt") { Description = "What to ask; a checkpoint of a run knows what it was trained with" };

    public static Option<string?> System() =>
        new("--system") { Description = "The system message; empty for none; a checkpoint of a run knows its own" };

    /// <exception cref="ArgumentException">The value is below 1.</exception>
    public static int AtLeastOne(ParseResult parsed, Option<int> option) =>
        parsed.GetValue(option) is >= 1 and var value
            ? value
            : throw new ArgumentException($"{option.Name} is {parsed.GetValue(option)}; it must be at least 1.");

    /// <exception cref="ArgumentException">The value is below 1.</exception>
    public static int? AtLeastOne(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is not < 1
            ? parsed.GetValue(option)
            : throw new ArgumentException($"{option.Name} is {parsed.GetValue(option)}; it must be at least 1.");

    /// <summary>A file to write, checked before the work that fills it.</summary>
    /// <exception cref="DirectoryNotFoundException">Its folder is missing.</exception>
    public static string? OutputPath(ParseResult parsed, Option<string?> option)
    {
        var path = parsed.GetValue(option);
        if (
            path is not null
            && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder
            && !Directory.Exists(folder)
        )
        {
            throw new DirectoryNotFoundException($"{option.Name} is '{path}', but there is no folder '{folder}'.");
        }
        return path;
    }

    /// <exception cref="ArgumentException">There is no such device.</exception>
    public static Device DeviceOf(ParseResult parsed, Option<string> option) =>
        ComputeDevice.Parse(parsed.GetValue(option)!);
}
