using System.ComponentModel;
using System.Diagnostics;
using CLGRPO.Data.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>Trains on this machine: <c>clgrpo train --run … --detach</c>, a session of its own, without a shell.</summary>
public sealed class LocalLauncher(IOptions<TrainingOptions> options) : ILauncher
{
    /// <summary>What a trainer is told of the site's environment; the rest may hold secrets.</summary>
    private static readonly string[] Handed =
    [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "TORCH_DIR",
        "CLGRPO_DEVICE",
    ];
    private static readonly string[] HandedPrefixes =
    [
        "DOTNET_",
        "CUDA_",
        "NVIDIA_",
        "OMP_",
        "MKL_",
        "OPENBLAS_",
        "LC_",
    ];

    public int Slots => options.Value.Slots;

    public async Task<int> Launch(RunDirectory run)
    {
        using var process = Start(run);
        await process.WaitForExitAsync();
        // Only what went wrong before the trainer turned to its log comes this way: no runtime, no program.
        if (await process.StandardError.ReadToEndAsync() is { Length: > 0 } lastWords)
            await File.AppendAllTextAsync(run.LogPath, lastWords);
        return process.ExitCode;
    }

    public void Kill(RunOwner owner)
    {
        if (owner.Host != Environment.MachineName)
            throw new InvalidOperationException(
                $"The run is trained on {owner.Host}; its process can be ended only there."
            );
        try
        {
            using var process = Process.GetProcessById(owner.ProcessId);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It ended by itself meanwhile.
        }
    }

    private Process Start(RunDirectory run)
    {
        var settings = options.Value;
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && IsDotnet(host) ? host : "dotnet")
        {
            UseShellExecute = false,
            // Pipes of its own: a process that outlives the site must not hold open what the site writes to.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = run.Path,
        };
        string[] arguments =
        [
            "exec",
            settings.Trainer ?? Path.Combine(AppContext.BaseDirectory, "CLGRPO.Training.dll"),
            "train",
            "--run",
            run.Path,
            "--datasets",
            Path.GetFullPath(settings.DatasetsPath),
            "--detach",
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        Add(start, "--device", settings.Device);
        Add(start, "--workers", settings.Workers?.ToString());
        foreach (var name in start.Environment.Keys.Where(name => !IsHanded(name)).ToList())
            start.Environment.Remove(name);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new LaunchException($"The trainer cannot be started: {e.Message}", e);
        }
    }

    private static void Add(ProcessStartInfo start, string option, string? value)
    {
        if (value is null)
            return;
        start.ArgumentList.Add(option);
        start.ArgumentList.Add(value);
    }

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";

    private static bool IsHanded(string name) =>
        Handed.Contains(name, StringComparer.Ordinal)
        || HandedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
