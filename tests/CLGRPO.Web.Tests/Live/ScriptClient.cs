using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Tests.Live;

/// <summary>The example script, which speaks to the hub through the real npm client, as a process under node.</summary>
internal sealed class ScriptClient : IDisposable
{
    private static readonly Lazy<string> Folder = new(Install);
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly StringBuilder _errors = new();

    private ScriptClient(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            lock (_lines)
                _lines.AddRange(line.Data is { } data ? [data] : []);
        };
        process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Errors => _errors.ToString();

    /// <summary>The frames so far.</summary>
    public IReadOnlyList<LiveFrame> Frames
    {
        get
        {
            lock (_lines)
                return [.. _lines.Select(line => LiveFrame.Parse(Encoding.UTF8.GetBytes(line)))];
        }
    }

    public static ScriptClient Watch(Uri site, string run, string key)
    {
        var start = new ProcessStartInfo(
            "node",
            [Path.Combine(Folder.Value, "watch-run.mjs"), site.ToString().TrimEnd('/'), run]
        )
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CLGRPO_API_KEY"] = key;
        return new ScriptClient(Process.Start(start)!);
    }

    public async Task<int> WaitForEndAsync(CancellationToken stop)
    {
        await _process.WaitForExitAsync(stop);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static string Install()
    {
        var folder = Path.GetFullPath(
            Path.Combine(Path.GetDirectoryName(SourcePath())!, "../../../wwwroot-assets/examples")
        );
        using var npm = Process.Start(
            new ProcessStartInfo("npm", ["ci", "--silent", "--no-audit", "--no-fund"]) { WorkingDirectory = folder }
        )!;
        npm.WaitForExit();
        Assert.True(npm.ExitCode == 0, $"npm ci in {folder} ended with {npm.ExitCode}.");
        return folder;
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
