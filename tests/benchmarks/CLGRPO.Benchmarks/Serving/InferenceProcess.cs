using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Training.Serving;

namespace CLGRPO.Benchmarks.Serving;

/// <summary><c>clgrpo serve</c> as the site starts it: a process of its own, at low priority.</summary>
internal sealed class InferenceProcess : IDisposable
{
    private const string Nice = "/usr/bin/nice";
    private readonly string _socket;
    private readonly Process _process;

    /// <summary>Starts it and waits until it can be asked.</summary>
    /// <param name="folder">Where its socket lies.</param>
    public InferenceProcess(string folder)
    {
        _socket = Path.Combine(folder, "inference.sock");
        string[] command =
        [
            Nice,
            "-n",
            "10",
            "dotnet",
            "exec",
            Path.Combine(AppContext.BaseDirectory, "CLGRPO.Training.dll"),
            "serve",
            "--socket",
            _socket,
            "--device",
            "cpu",
            "--until-input-ends",
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Nice} did not start.");
        if (_process.StandardOutput.ReadLine() is null)
            throw new InvalidOperationException("The inference process ended before it was ready.");
    }

    /// <summary>Asks a model about a picture at temperature 1.</summary>
    /// <param name="model">The model's folder.</param>
    /// <param name="picture">PNG or JPEG.</param>
    /// <param name="tokens">At most so many.</param>
    /// <returns>Tokens written.</returns>
    public async Task<int> AskAsync(
        string model,
        byte[] picture,
        int tokens,
        long seed,
        CancellationToken stop = default
    )
    {
        var request = new ServeRequest
        {
            Model = model,
            Messages = [new ServeMessage("user", [new ServePart(null), new ServePart("ab cd ef gh ij kl mn")])],
            MaxTokens = tokens,
            Temperature = 1,
            Seed = seed,
        };
        await using var stream = new NetworkStream(await UnixSocket.ConnectAsync(_socket, stop), ownsSocket: true);
        await ServeWire.SendAsync(stream, request, [picture], stop);
        var reader = PipeReader.Create(stream);
        var written = 0;
        while (await ServeWire.NextAsync(reader, stop) is { } told)
        {
            if (told.Type == ServeEventType.Error)
                throw new InvalidOperationException(told.Message);
            if (told.Type == ServeEventType.Token)
                written++;
            if (told.Type == ServeEventType.Done)
                return written;
        }
        throw new InvalidOperationException("The inference process is gone.");
    }

    public void Dispose()
    {
        _process.StandardInput.Close(); // it ends with its input
        _process.WaitForExit();
        _process.Dispose();
    }
}
