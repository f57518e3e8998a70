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
        using var file = new FileStream(run.EventsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        while (ReadPiece(file) is { Length: > 0 } piece)
        {
            var start = 0;
            while (piece.AsSpan(start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                if (Parse(piece.AsSpan(start, length), isLast: _position + length + 1 == file.Length) is not { } item)
                    return events;
                events.Add(item);
                (_number, _position, start) = (item.Number, _position + length + 1, start + length + 1);
                if (events.Count == most)
                    return events;
            }
            if (start == 0)
                break;
        }
        return events;
    }

    private byte[] ReadPiece(FileStream file)
    {
        file.Position = _position;
        var piece = new byte[(int)Math.Clamp(file.Length - _position, 0, PieceBytes)];
        return piece[..file.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false)];
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
