using System.Diagnostics;
using System.Text.Json;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Runs;

/// <summary>Who writes a run.</summary>
/// <param name="Host">Name of the machine.</param>
/// <param name="ProcessId">On that machine.</param>
/// <param name="ProcessStarted">Tells the process from a later one with the same id.</param>
public sealed record RunOwner(string Host, int ProcessId, DateTimeOffset ProcessStarted);

/// <summary>Another process writes the run.</summary>
public sealed class RunLockedException(string message) : IOException(message);

/// <summary>
/// The right to write a run, for one process at a time. The kernel holds it (a lock on <c>lock</c>), so it ends with the process, however
/// that dies; <c>owner.json</c> says who has it, and its modification time is the heartbeat. Where the file system knows no locks, or the
/// other process is on another machine, the owner and the heartbeat decide.
/// </summary>
public sealed class RunLock : IDisposable
{
    /// <summary>How often the heartbeat is renewed.</summary>
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(5);

    /// <summary>After this long without a heartbeat, an owner on another machine counts as gone.</summary>
    public static readonly TimeSpan HeartbeatLimit = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly FileStream _file;
    private readonly string _ownerPath;
    private readonly Timer _heartbeat;

    private RunLock(RunDirectory run, FileStream file)
    {
        (Run, _file, _ownerPath) = (run, file, OwnerPath(run));
        AtomicFile.Write(_ownerPath, stream => JsonSerializer.Serialize(stream, Self(), Json));
        _heartbeat = new Timer(_ => Beat(), null, HeartbeatEvery, HeartbeatEvery);
    }

    /// <summary>The run that may be written.</summary>
    public RunDirectory Run { get; }

    /// <summary>Who holds the lock, and when it last gave a sign of life; null where no one does.</summary>
    public static (RunOwner Owner, DateTimeOffset Heartbeat)? Owner(RunDirectory run)
    {
        var path = OwnerPath(run);
        try
        {
            var heartbeat = new DateTimeOffset(File.GetLastWriteTimeUtc(path));
            return JsonSerializer.Deserialize<RunOwner>(File.ReadAllBytes(path), Json) is { } owner
                ? (owner, heartbeat)
                : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Who writes the run now; null where no process does, or the one that did is gone.</summary>
    public static RunOwner? Writer(RunDirectory run) =>
        Owner(run) is { } held && IsAlive(held.Owner, held.Heartbeat) ? held.Owner : null;

    internal static RunLock Take(RunDirectory run)
    {
        FileStream file;
        try
        {
            file = new FileStream(
                System.IO.Path.Combine(run.Path, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException exception) when (exception is not DirectoryNotFoundException)
        {
            throw Refuse(run, exception.Message);
        }
        try
        {
            if (Owner(run) is { } held && IsAlive(held.Owner, held.Heartbeat))
                throw Refuse(run, $"if that process is surely gone, delete '{OwnerPath(run)}'");
            return new RunLock(run, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives the right back.</summary>
    public void Dispose()
    {
        _heartbeat.Dispose();
        File.Delete(_ownerPath);
        _file.Dispose();
    }

    // A full disk must not end a run through its heartbeat: the heartbeat grows old instead, and that is its message.
    private void Beat()
    {
        try
        {
            File.SetLastWriteTimeUtc(_ownerPath, DateTime.UtcNow);
        }
        catch (IOException) { }
        catch (UnauthorizedAccessException) { }
    }

    private static bool IsAlive(RunOwner owner, DateTimeOffset heartbeat)
    {
        if (owner.Host != Environment.MachineName)
            return DateTimeOffset.UtcNow - heartbeat < HeartbeatLimit;
        if (owner.ProcessId == Environment.ProcessId)
            return false; // this process got the kernel's lock, so an earlier holder in it has let go
        try
        {
            using var process = Process.GetProcessById(owner.ProcessId);
            return !process.HasExited && (StartOf(process) - owner.ProcessStarted).Duration() < TimeSpan.FromSeconds(2);
        }
        catch (ArgumentException)
        {
            return false; // there is no such process
        }
    }

    private static RunLockedException Refuse(RunDirectory run, string hint)
    {
        var holder = Owner(run) is { } held
            ? $"process {held.Owner.ProcessId} on {held.Owner.Host} (last sign of life {held.Heartbeat:u})"
            : "another process";
        return new RunLockedException(
            $"Run '{run.Id}' is being written by {holder}; stop it first, or wait until it ends ({hint})."
        );
    }

    private static RunOwner Self()
    {
        using var process = Process.GetCurrentProcess();
        return new RunOwner(Environment.MachineName, Environment.ProcessId, StartOf(process));
    }

    private static DateTimeOffset StartOf(Process process) => new(process.StartTime.ToUniversalTime());

    private static string OwnerPath(RunDirectory run) => System.IO.Path.Combine(run.Path, "owner.json");
}
