using System.ComponentModel;
using System.Diagnostics;
using CLGRPO.Data.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>Trains on this machine: <c>clgrpo train --run … --detach</c>, a session of its own, without a shell.</summary>
public sealed class LocalLauncher(IOptions<TrainingOptions> options) : ILauncher
{
    public int Slots => options.Value.Slots;

    public async Task<int> Launch(RunDirectory run, int slot)
    {
        using var process = Start(run, slot);
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

    private Process Start(RunDirectory run, int slot)
    {
        var settings = options.Value;
        var start = TrainerProcess.Describe(
            settings,
            run.Path,
            "train",
            [
                ("--run", run.Path),
                ("--datasets", Path.GetFullPath(settings.DatasetsPath)),
                ("--detach", ""),
                ("--keep-orders", ""), // the site withdraws old ones when it puts a run in the queue
                ("--device", settings.DeviceOf(slot)),
                ("--workers", settings.Workers?.ToString()),
            ]
        );
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new LaunchException($"The trainer cannot be started: {e.Message}", e);
        }
    }
}
