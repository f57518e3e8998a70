using System.ComponentModel;
using System.Runtime.InteropServices;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Cli;

/// <summary>
/// A process that outlives whoever started it: a session of its own, so that no terminal's signal reaches it, nothing to
/// read, and what it writes to standard error, native libraries and the runtime's last words included, in the run's log.
/// </summary>
internal static partial class Detached
{
    // Linux and macOS agree on these but for O_APPEND and O_CREAT; the log exists by then, and ours is Linux's.
    private const int ReadWrite = 2;
    private const int Append = 0x400;

    /// <summary>Trains so; a mistake of the user's becomes a line of the log.</summary>
    /// <exception cref="ArgumentException">There is no such run yet: it has no log to write to.</exception>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public static int Run(string runPath, Func<int> train)
    {
        Begin(runPath);
        // The console has copies of the streams as they were.
        Console.SetOut(TextWriter.Null);
        using var errors = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };
        Console.SetError(errors);
        try
        {
            return train();
        }
        catch (Exception e) when (UserErrors.Explains(e))
        {
            errors.WriteLine($"clgrpo: {UserErrors.Message(e)}");
            return 1;
        }
    }

    private static void Begin(string runPath)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("--detach works on Linux; leave it out here.");
        if (!RunDirectory.Exists(runPath))
            throw new ArgumentException($"--detach goes on with a run that exists; there is none in '{runPath}'.");
        var log = RunDirectory.Open(runPath).LogPath;
        File.AppendAllText(log, "");
        _ = SetSession(); // fails for a process that leads a group already, which is as good
        Redirect("/dev/null", ReadWrite, 0, 1);
        Redirect(log, ReadWrite | Append, 2);
    }

    private static void Redirect(string path, int flags, params ReadOnlySpan<int> descriptors)
    {
        var opened = Open(path, flags);
        if (opened < 0)
            throw new IOException($"'{path}' cannot be opened: {new Win32Exception().Message}");
        foreach (var descriptor in descriptors)
        {
            if (Duplicate(opened, descriptor) < 0)
                throw new IOException(
                    $"'{path}' cannot take the place of stream {descriptor}: {new Win32Exception().Message}"
                );
        }
        _ = Close(opened);
    }

    [LibraryImport("libc", EntryPoint = "setsid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetSession();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
