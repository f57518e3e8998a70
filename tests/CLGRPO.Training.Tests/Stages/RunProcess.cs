using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>The command line as a process of its own.</summary>
internal sealed partial class RunProcess : IDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // As it is built, not as it is copied beside the tests: there the libraries are those that tests use.
    private static readonly string Program = FindProgram();
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private RunProcess(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts <c>train</c> with two workers.</summary>
    public static RunProcess Train(params string[] arguments) => new(["train", .. arguments, "--workers", "2"]);

    /// <summary>Starts any command.</summary>
    public static RunProcess Start(params string[] arguments) => new(arguments);

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;

    /// <summary>What it said so far; complete after <see cref="WaitForEnd"/>.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Waits until something holds or the process is gone.</summary>
    /// <returns>Whether it holds while the process lives.</returns>
    public bool WaitUntil(Func<bool> holds)
    {
        var waited = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(
                waited.Elapsed < Patience,
                $"What the test waits for does not come. The process said:\n{Output}"
            );
            if (_process.WaitForExit(milliseconds: 3))
                return false;
        }
        return true;
    }

    /// <returns>The exit code; 128 + the signal's number when a signal ended it.</returns>
    public int WaitForEnd()
    {
        Assert.True(_process.WaitForExit(Patience), $"The process does not end. It said:\n{Output}");
        _process.WaitForExit(); // the output too
        return _process.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        WaitForEnd();
    }

    public void Terminate()
    {
        if (!_process.HasExited)
            _ = SendSignal(_process.Id, SigTerm);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    /// <summary>bin/Release/net10.0 of the program, where this is bin/Release/net10.0 of its tests.</summary>
    private static string FindProgram()
    {
        var build = new DirectoryInfo(AppContext.BaseDirectory);
        var root = build.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(root, "CLGRPO.Training", "bin", build.Parent.Name, build.Name, "CLGRPO.Training.dll");
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}
