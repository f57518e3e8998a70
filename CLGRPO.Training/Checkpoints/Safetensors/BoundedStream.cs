namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>A write-only window of fixed length on a file, so that a tensor can neither overrun nor underfill its place.</summary>
internal sealed class BoundedStream(Stream inner, long length, string tensor) : Stream
{
    private long _written;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => length;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > length - _written)
        {
            throw new InvalidDataException(
                $"Tensor '{tensor}' takes {length} bytes, its source wrote at least {_written + buffer.Length}."
            );
        }
        inner.Write(buffer);
        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public void RequireFull()
    {
        if (_written != length)
        {
            throw new InvalidDataException($"Tensor '{tensor}' takes {length} bytes, its source wrote {_written}.");
        }
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
