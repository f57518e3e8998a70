using System.Buffers;
using System.Text.Json;

namespace CLGRPO.Data.Runs;

/// <summary>Follows a run's <c>events.ndjson</c> as it grows: every event once, in order, whoever writes the file meanwhile.</summary>
/// <param name="run">The run.</param>
public sealed class RunEventTail(RunDirectory run)
{
    private const int PieceBytes = 1 << 20;
    private long _position;
    private long _number;

    /// <summary>What was appended since the last time, in portions: nothing is left when nothing comes. A torn last line is left for later; a writer cuts it off before it goes on.</summary>
    /// <param name="most">Events at once: what a long run has to tell is more than should be held together.</param>
    /// <exception cref="InvalidDataException">A line is damaged.</exception>
    public IReadOnlyList<RunEvent> ReadNew(int most = 4096)
    {
        var events = new List<RunEvent>();
        if (!File.Exists(run.EventsPath))
            return events;
        using var file = new FileStream(
            run.EventsPath,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite,
            bufferSize: 0
        );
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(file.Length - _position, 0, PieceBytes));
        try
        {
            while (events.Count < most && TakePiece(file, buffer, events, most)) { }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return events;
    }

    /// <returns>True when there may be more.</returns>
    private bool TakePiece(FileStream file, byte[] buffer, List<RunEvent> events, int most)
    {
        file.Position = _position;
        var rest = buffer.AsSpan(0, file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        var before = events.Count;
        while (events.Count < most && rest.IndexOf((byte)'\n') is >= 0 and var length)
        {
            if (Parse(rest[..length], isLast: _position + length + 1 == file.Length) is not { } item)
                return false;
            events.Add(item);
            (_number, _position) = (item.Number, _position + length + 1);
            rest = rest[(length + 1)..];
        }
        return events.Count > before;
    }

    private RunEvent? Parse(ReadOnlySpan<byte> line, bool isLast)
    {
        try
        {
            var item = RunEvent.Parse(line);
            return item.Number == _number + 1
                ? item
                : throw new JsonException($"It has number {item.Number}; {_number + 1} is due.");
        }
        catch (JsonException) when (isLast)
        {
            return null; // after a power loss the last line may have its length but not its bytes
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"{run.EventsPath}:{_number + 1} is damaged: {exception.Message} The lines before it can be kept by cutting the file there.",
                exception
            );
        }
    }
}
