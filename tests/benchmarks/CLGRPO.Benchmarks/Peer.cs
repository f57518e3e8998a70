using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CLGRPO.Benchmarks;

/// <summary>The PyTorch side: peers/peer.py as a process that does one operation for each line it is sent.</summary>
internal sealed partial class Peer : IContestant
{
    private const string OpenMPBlas = "/usr/lib/x86_64-linux-gnu/openblas-openmp";

    private readonly Process process;

    /// <summary>Starts it and waits until the model is loaded.</summary>
    /// <param name="script">peers/peer.py.</param>
    /// <param name="workload">The specification's path.</param>
    /// <exception cref="InvalidOperationException">Python or its torch is missing; the message carries Python's.</exception>
    public Peer(string script, string workload, int threads)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("CLGRPO_PYTHON") ?? "/usr/bin/python3",
            ["-B", script, "serve", workload]
        )
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Settings(threads))
        {
            start.Environment[name] = value;
        }
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        var ready = Read();
        Name =
            $"PyTorch {ready.GetProperty("torch").GetString()}, eager, {ready.GetProperty("attention").GetString()} attention";
        var got = ready.GetProperty("threads").GetInt32();
        if (got != threads)
        {
            throw new InvalidOperationException($"The peer runs {got} threads, not {threads}.");
        }
    }

    public string Name { get; }

    public double PeakMegabytes { get; private set; }

    public CheckValues Check()
    {
        var values = Ask("check");
        return new CheckValues(
            values.GetProperty("sft_loss").GetDouble(),
            values.GetProperty("logprob_sum").GetDouble(),
            values.GetProperty("grpo_loss").GetDouble()
        );
    }

    public double Rollouts() => Seconds("rollouts");

    public double SftStep() => Seconds("sft");

    public double GrpoUpdate() => Seconds("grpo");

    public void Dispose()
    {
        process.StandardInput.Close(); // ends its loop
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>
    /// The same BLAS, kernels and threads as ours: what loading libtorch set for this process (see NativeLoader) goes to
    /// the peer too, so our side must have loaded it before. What the caller's environment says goes first.
    /// </summary>
    private static Dictionary<string, string> Settings(int threads)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["OMP_NUM_THREADS"] = $"{threads}" };
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LD_LIBRARY_PATH")))
        {
            settings["LD_LIBRARY_PATH"] = OpenMPBlas;
        }
        const string Kernels = "OPENBLAS_CORETYPE";
        if (Marshal.PtrToStringUTF8(getenv(Kernels)) is { } kernels)
        {
            settings[Kernels] = kernels;
        }
        return settings;
    }

    private double Seconds(string operation) => Ask(operation).GetProperty("seconds").GetDouble();

    private JsonElement Ask(string operation)
    {
        process.StandardInput.WriteLine(operation);
        process.StandardInput.Flush();
        return Read();
    }

    private JsonElement Read()
    {
        var line = process.StandardOutput.ReadLine();
        if (line is null)
        {
            process.WaitForExit();
            throw new InvalidOperationException(
                $"The peer ended with exit code {process.ExitCode}; its own message stands above."
            );
        }
        using var document = JsonDocument.Parse(line);
        var answer = document.RootElement.Clone();
        PeakMegabytes = answer.GetProperty("peak_mb").GetDouble();
        return answer;
    }

    // .NET's own copy of the environment does not show what native code set.
    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial IntPtr getenv(string name);
}
