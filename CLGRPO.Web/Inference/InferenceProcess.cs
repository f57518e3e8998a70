using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference;

/// <summary>
/// The process in which models compute (<c>clgrpo serve</c>): started when it is first needed, and again when it is needed after it ended,
/// whatever it ended of. It runs at low priority, so that training comes first, and ends with the site.
/// </summary>
public sealed partial class InferenceProcess(
    IOptions<InferenceOptions> options,
    IOptions<TrainingOptions> training,
    IOptions<SiteOptions> site,
    ILogger<InferenceProcess> log
) : IAsyncDisposable
{
    private const string Nice = "/usr/bin/nice";
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _starting = new(1, 1);
    private Process? _process;

    private string SocketPath => Path.Combine(Path.GetFullPath(site.Value.State), "inference.sock");

    /// <summary>The process's id; null when none runs.</summary>
    public int? Id => _process is { HasExited: false } process ? process.Id : null;

    /// <summary>A connection to the process, which is started where it does not run.</summary>
    /// <exception cref="InferenceException">It cannot be started.</exception>
    public async Task<Stream> ConnectAsync(CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            await EnsureStartedAsync(stop);
            try
            {
                return new NetworkStream(await UnixSocket.ConnectAsync(SocketPath, stop), ownsSocket: true);
            }
            catch (Exception e) when (attempt < 3 && e is SocketException or IOException)
            {
                // It ended just now, idle or killed; once more from the start.
                await EndedAsync(stop);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            using var patience = new CancellationTokenSource(EndPatience);
            process.StandardInput.Close(); // it ends with its input
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }
        _starting.Dispose();
    }

    private async Task EnsureStartedAsync(CancellationToken stop)
    {
        await _starting.WaitAsync(stop);
        try
        {
            if (_process is { HasExited: false })
                return;
            _process?.Dispose();
            _process = null;
            _process = await StartAsync(stop);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Waits until a process whose socket is gone has ended itself.</summary>
    internal async Task EndedAsync(CancellationToken stop)
    {
        if (_process is not { } process)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(EndPatience);
        await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<Process> StartAsync(CancellationToken stop)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lastWords = "";
        var process = new Process { StartInfo = Describe(), EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
                ready.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { Length: > 0 } text)
                return;
            lastWords = text;
            LogSaid(text);
        };
        process.Exited += (_, _) =>
        {
            LogEnded(process.ExitCode);
            ready.TrySetException(new InvalidOperationException("It ended before it was ready."));
        };
        try
        {
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            await ready.Task.WaitAsync(StartPatience, stop);
            LogStarted(process.Id);
            return process;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or TimeoutException)
        {
            LogNotStarted(lastWords, e);
            Drop(process);
            throw new InferenceException(
                InferenceFault.Failed,
                "The inference process could not be started; the site's log says why."
            );
        }
        catch (OperationCanceledException)
        {
            Drop(process);
            throw;
        }
    }

    private static void Drop(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It never began, or has ended.
        }
        process.Dispose();
    }

    private ProcessStartInfo Describe()
    {
        var settings = options.Value;
        var folder = Path.GetDirectoryName(SocketPath)!;
        Directory.CreateDirectory(folder);
        return TrainerProcess.Describe(
            training.Value,
            folder,
            "serve",
            [
                ("--socket", SocketPath),
                ("--device", settings.Device ?? training.Value.Device),
                ("--models", $"{settings.Models}"),
                ("--threads", settings.Threads?.ToString()),
                ("--idle", $"{settings.IdleSeconds}"),
                ("--until-input-ends", ""),
            ],
            File.Exists(Nice) ? [Nice, "-n", "10"] : []
        );
    }

    [LoggerMessage(LogLevel.Information, "The inference process {Id} is ready")]
    private partial void LogStarted(int id);

    [LoggerMessage(LogLevel.Information, "The inference process ended with {Code}")]
    private partial void LogEnded(int code);

    [LoggerMessage(LogLevel.Warning, "The inference process says: {Text}")]
    private partial void LogSaid(string text);

    [LoggerMessage(LogLevel.Error, "The inference process did not start: {LastWords}")]
    private partial void LogNotStarted(string lastWords, Exception why);
}
