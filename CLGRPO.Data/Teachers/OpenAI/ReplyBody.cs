using System.Buffers;
using System.Text;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>Reads a reply's bytes up to the limits.</summary>
internal sealed class ReplyBody(Stream stream, ReplyLimits limits, TimeProvider time)
{
    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly ArrayBufferWriter<byte> _line = new();
    private int _at;
    private int _filled;
    private long _total;
    private bool _skipLineFeed;

    /// <summary>The next line without its end (LF, CRLF or CR); null at the end of the reply.</summary>
    public async ValueTask<string?> ReadLine(CancellationToken stop)
    {
        _line.ResetWrittenCount();
        while (true)
        {
            if (_at == _filled && !await Fill(stop))
            {
                return _line.WrittenCount > 0 ? TakeLine() : null;
            }
            if (_skipLineFeed && _buffer[_at] == '\n')
            {
                _at++;
                _skipLineFeed = false;
                continue;
            }
            _skipLineFeed = false;
            var rest = _buffer.AsSpan(_at, _filled - _at);
            var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            Append(end < 0 ? rest : rest[..end]);
            _at = end < 0 ? _filled : _at + end + 1;
            if (end >= 0)
            {
                _skipLineFeed = rest[end] == '\r';
                return TakeLine();
            }
        }
    }

    /// <summary>All bytes there are.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadToEnd(CancellationToken stop)
    {
        var all = new MemoryStream();
        while (await Fill(stop))
        {
            all.Write(_buffer, 0, _filled);
        }
        return all.GetBuffer().AsMemory(0, (int)all.Length);
    }

    /// <exception cref="TeacherException">The bytes are no UTF-8.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new TeacherException(TeacherFault.Garbage, "The reply is not UTF-8 text.");
        }
    }

    private string TakeLine() => Decode(_line.WrittenSpan);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_line.WrittenCount + bytes.Length > limits.MaxLineBytes)
        {
            throw new TeacherException(
                TeacherFault.TooLarge,
                $"A line of the reply has more than {limits.MaxLineBytes} bytes; it was cut off."
            );
        }
        _line.Write(bytes);
    }

    private async ValueTask<bool> Fill(CancellationToken stop)
    {
        using var idle = new CancellationTokenSource(limits.Idle, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, idle.Token);
        try
        {
            (_at, _filled) = (0, await stream.ReadAsync(_buffer, either.Token));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TeacherException(
                TeacherFault.Timeout,
                $"The reply paused for more than {limits.Idle.TotalSeconds:0.###} s in the middle."
            );
        }
        _total += _filled;
        return _total <= limits.MaxBytes
            ? _filled > 0
            : throw new TeacherException(
                TeacherFault.TooLarge,
                $"The reply has more than {limits.MaxBytes} bytes; it was cut off."
            );
    }
}
