using System.Diagnostics;
using System.Text.Json;

namespace CLGRPO.Benchmarks.Gpu;

/// <summary>A Python program that answers each line with a line of JSON.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process process;

    /// <param name="script">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">Python is not there; CLGRPO_PYTHON names one.</exception>
    public PeerProcess(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("CLGRPO_PYTHON") ?? "python3",
            ["-B", script, .. arguments]
        )
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        Ready = Read();
    }

    /// <summary>What it said when it was ready: versions, or why it cannot do its work.</summary>
    public JsonElement Ready { get; }

    /// <exception cref="InvalidOperationException">It ended instead of answering; its own words stand on the error stream.</exception>
    public JsonElement Ask(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        process.StandardInput.Close(); // ends its loop
        process.WaitForExit();
        process.Dispose();
    }

    private JsonElement Read()
    {
        var line = process.StandardOutput.ReadLine();
        if (line is null)
        {
            process.WaitForExit();
            throw new InvalidOperationException($"A peer ended with exit code {process.ExitCode}; see above.");
        }
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
