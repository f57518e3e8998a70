using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace CLGRPO.Data.Files;

/// <summary>Brings names and contents to the disk, which .NET offers for files but not for folders.</summary>
public static partial class DiskSync
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC; a folder opens so without O_DIRECTORY

    /// <summary>Flushes a folder's entries, so that a rename or a new file in it survives a power loss. Does nothing outside Linux.</summary>
    /// <exception cref="IOException">The folder cannot be opened or flushed.</exception>
    public static void Folder(string path) => WithFolder(path, Fsync, "fsync");

    /// <summary>Flushes everything written to the file system that holds a folder: one call in place of thousands of fsyncs.</summary>
    /// <exception cref="IOException">The folder cannot be opened or its file system flushed.</exception>
    public static void FileSystemOf(string path) => WithFolder(path, Syncfs, "syncfs");

    private static void WithFolder(string path, Func<int, int> call, string name)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var descriptor = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw Failure("open", path);
        try
        {
            if (call(descriptor) != 0)
                throw Failure(name, path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string call, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException(
            $"{call} of folder '{path}' failed: {new Win32Exception(error).Message} (errno {error})."
        );
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Syncfs(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
