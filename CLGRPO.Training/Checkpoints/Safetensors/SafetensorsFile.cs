using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>An open safetensors file: its tensors, found and checked, and their bytes on demand. Safe for many threads.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header)
    {
        Path = path;
        _handle = handle;
        _header = header;
    }

    public string Path { get; }

    /// <summary>Name → tensor, in the order of their bytes in the file.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _header.Tensors;

    /// <summary>The free text that the file carries; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks all of its header; no tensor is read.</summary>
    /// <exception cref="SafetensorsException">The file breaks a rule of the format or a limit; the message names the file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var opened = OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, opened, ReadHeader(opened));
        }
        catch (SafetensorsException e)
        {
            opened.Dispose();
            throw new SafetensorsException(e.Error, $"{path}: {e.Message}", e);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole tensor.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="destination">Exactly as long as the tensor.</param>
    public void Read(TensorInfo tensor, Span<byte> destination)
    {
        if (destination.Length != tensor.ByteLength)
        {
            throw new ArgumentException(
                $"Tensor '{tensor.Name}' has {tensor.ByteLength} bytes, the destination {destination.Length}.",
                nameof(destination)
            );
        }
        Read(tensor, 0, destination);
    }

    /// <summary>Reads a piece of a tensor, for those too large for one span.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="offset">The piece's first byte, counted from the start of the tensor.</param>
    /// <param name="destination">Filled completely; must not reach past the tensor.</param>
    /// <exception cref="SafetensorsException">The file became shorter since it was opened.</exception>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        if (!_header.Tensors.TryGetValue(tensor.Name, out var own) || !ReferenceEquals(own, tensor))
        {
            throw new ArgumentException($"Tensor '{tensor.Name}' is not one of {Path}.", nameof(tensor));
        }
        if (offset < 0 || offset > tensor.ByteLength - destination.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset),
                offset,
                $"{destination.Length} bytes from {offset} reach out of tensor '{tensor.Name}' of {tensor.ByteLength} bytes."
            );
        }
        ReadExactly(tensor.Offset + offset, destination);
    }

    /// <summary>The SHA-256 of the whole file, in lower-case hexadecimal, to record beside results.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1024 * 1024];
        var length = RandomAccess.GetLength(_handle);
        for (var position = 0L; position < length; )
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position));
            ReadExactly(position, piece);
            hash.AppendData(piece);
            position += piece.Length;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => _handle.Dispose();

    private static SafeFileHandle OpenHandle(string path)
    {
        ForeignFormat.RefuseExtension(path);
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }

    private static SafetensorsHeader ReadHeader(SafeFileHandle handle)
    {
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> start = stackalloc byte[8];
        var read = RandomAccess.Read(handle, start, 0);
        var json = new byte[SafetensorsHeader.ReadLength(start[..read], fileLength)];
        ReadExactly(handle, 8, json);
        return SafetensorsHeader.Parse(json, fileLength);
    }

    private void ReadExactly(long position, Span<byte> destination)
    {
        try
        {
            ReadExactly(_handle, position, destination);
        }
        catch (SafetensorsException e)
        {
            throw new SafetensorsException(e.Error, $"{Path}: {e.Message}", e);
        }
    }

    private static void ReadExactly(SafeFileHandle handle, long position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(handle, destination, position);
            if (read == 0)
            {
                throw new SafetensorsException(
                    SafetensorsError.FileChanged,
                    $"The file ends at byte {position}; it became shorter while it was open."
                );
            }
            destination = destination[read..];
            position += read;
        }
    }
}
