using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace CLGRPO.Web.Tests;

/// <summary>The real site: its own process, Kestrel on a free port, a SQLite file in a folder of its own.</summary>
internal sealed partial class SiteProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _firstAdmin = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SiteProcess(string folder, IReadOnlyDictionary<string, string> settings, string urls)
        : this(new ProcessStartInfo("dotnet", [Checkout.Site, "--urls", urls]) { WorkingDirectory = folder }, settings)
    { }

    private SiteProcess(ProcessStartInfo start, IReadOnlyDictionary<string, string> settings)
    {
        Directory.CreateDirectory(start.WorkingDirectory);
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) =>
            _address.TrySetException(new InvalidOperationException("The site ended before it listened."));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address => _address.Task.Result;

    public int Id => _process.Id;

    /// <summary>The link that makes the first admin, as the site printed it.</summary>
    public Task<string> FirstAdminLink => _firstAdmin.Task.WaitAsync(StartTimeout);

    /// <summary>All that the site wrote.</summary>
    public string Output
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    public static async Task<SiteProcess> Start(
        string folder,
        IReadOnlyDictionary<string, string>? settings = null,
        int port = 0
    )
    {
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        all.TryAdd("Site__SignInsPerMinute", "1000");
        return await UntilItListens(new SiteProcess(folder, all, $"http://127.0.0.1:{port}"));
    }

    /// <summary>What <c>make up</c> runs once everything is built, over folders of its own.</summary>
    public static Task<SiteProcess> Up(string folder, IReadOnlyDictionary<string, string> settings)
    {
        var all = new Dictionary<string, string>(settings, StringComparer.Ordinal);
        foreach (var name in (string[])["Datasets", "Runs", "State"])
            all[$"Site__{name}"] = Path.Combine(folder, name.ToLowerInvariant());
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root, ".ci", "up"), [$"{FreePort()}"])
        {
            WorkingDirectory = folder,
        };
        return UntilItListens(new SiteProcess(start, all));
    }

    private static async Task<SiteProcess> UntilItListens(SiteProcess site)
    {
        try
        {
            await site._address.Task.WaitAsync(StartTimeout);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"The site did not start:\n{site.Output}", exception);
        }
        return site;
    }

    // On the name localhost the system gives no port of its own choice.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts a site that is expected to refuse.</summary>
    /// <returns>Its exit code and what it wrote.</returns>
    public static async Task<(int Code, string Output)> StartRefused(
        string folder,
        IReadOnlyDictionary<string, string> settings,
        string urls
    )
    {
        await using var site = new SiteProcess(folder, settings, urls);
        await site._process.WaitForExitAsync().WaitAsync(StartTimeout);
        await Task.WhenAny(site._address.Task);
        _ = site._address.Task.Exception;
        return (site._process.ExitCode, site.Output);
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as a service manager stops it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> Terminate()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(StartTimeout);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
            _lines.Add(line);
        if (ListensLine().Match(line) is { Success: true } listens)
            _address.TrySetResult(new Uri(listens.Groups["address"].Value));
        if (FirstAdminLine().Match(line) is { Success: true } link)
            _firstAdmin.TrySetResult(link.Groups["link"].Value);
    }

    [GeneratedRegex(@"^site: (?<address>http://\S+) \(", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex ListensLine();

    [GeneratedRegex(@"^  (?<link>http://\S+/join/\S+)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex FirstAdminLine();
}
