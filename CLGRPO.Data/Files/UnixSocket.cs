using System.Net.Sockets;
using System.Text;

namespace CLGRPO.Data.Files;

/// <summary>
/// Opens both ends of a Unix socket for its owner alone. The operating system limits a socket's address to about a hundred bytes; one that
/// lies deeper is reached through a short link in the temporary folder, which lives only while the address is used.
/// </summary>
public static class UnixSocket
{
    // sun_path has 108 bytes on Linux, 104 on macOS and the BSDs, the closing zero included.
    private const int LongestAddress = 103;

    /// <summary>Connects to the process that offers the socket.</summary>
    /// <exception cref="SocketException">No process offers it, or it may not be opened.</exception>
    public static async Task<Socket> ConnectAsync(string path, CancellationToken stop)
    {
        using var address = new Address(path);
        var socket = NewSocket();
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.Path), stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Offers the socket to its owner alone (mode 0600). It appears ready to be connected to, in the place of one that a killed process
    /// left behind.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="SocketException">The file system knows no sockets.</exception>
    /// <exception cref="PlatformNotSupportedException">Windows.</exception>
    public static Socket Listen(string path, int backlog = 128)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Processes talk through Unix sockets; Windows has none.");
        // Made in a folder that no one else may enter, so that there is no moment in which another mode holds.
        var folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".sock-{Guid.NewGuid():N}"[..14]);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            var made = Path.Combine(folder, "s");
            var socket = NewSocket();
            try
            {
                using (var address = new Address(made))
                    socket.Bind(new UnixDomainSocketEndPoint(address.Path));
                File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                socket.Listen(backlog);
                File.Move(made, path, overwrite: true);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>A path to the socket that is short enough.</summary>
    private sealed class Address : IDisposable
    {
        private readonly string? _link;

        public Address(string path)
        {
            Path = path;
            if (Encoding.UTF8.GetByteCount(path) <= LongestAddress)
                return;
            _link = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"clgrpo-{Guid.NewGuid():N}"[..19]);
            Directory.CreateSymbolicLink(_link, System.IO.Path.GetDirectoryName(path)!);
            Path = System.IO.Path.Combine(_link, System.IO.Path.GetFileName(path));
        }

        public string Path { get; }

        public void Dispose()
        {
            if (_link is not null)
                File.Delete(_link);
        }
    }
}
