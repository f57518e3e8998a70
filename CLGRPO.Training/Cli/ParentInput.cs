using System.CommandLine;

namespace CLGRPO.Training.Cli;

/// <summary>A process that ends with whoever started it: its standard input ends then, however that process ended.</summary>
internal static class ParentInput
{
    public static Option<bool> Option() =>
        new("--until-input-ends") { Description = "End when standard input does, so with whoever started it" };

    /// <summary>Completes when there is no more input.</summary>
    public static async Task EndAsync()
    {
        var bytes = new byte[64];
        await using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(bytes) > 0)
            continue;
    }
}
