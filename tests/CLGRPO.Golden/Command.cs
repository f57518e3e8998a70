using System.Diagnostics;

namespace CLGRPO.Golden;

/// <summary>Runs a program of the machine, such as npm, to its end.</summary>
internal static class Command
{
    /// <summary>Returns what the program printed.</summary>
    /// <exception cref="InvalidOperationException">It is missing or failed; its words are in the message.</exception>
    public static string Run(string program, IReadOnlyList<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} failed with exit code {process.ExitCode}: {errors}{output.Result}"
            );
    }
}
