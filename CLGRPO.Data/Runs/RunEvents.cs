using System.Text.Json;

namespace CLGRPO.Data.Runs;

/// <summary>
/// Appends to a run's <c>events.ndjson</c>: one write per line, so that a killed process leaves whole lines and at most one torn one, which
/// the next opening removes.
/// </summary>
public sealed class RunEvents : IDisposable
{
    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private long _number;

    private RunEvents(FileStream file, long number, TimeProvider clock) =>
        (_file, _number, _clock) = (file, number, clock);

    /// <summary>Opens the events of a run for appending; a torn last line is cut off and a warning about it appended.</summary>
    /// <param name="runLock">Proves the right to write.</param>
    /// <param name="clock">Where times come from; the system's by default.</param>
    /// <exception cref="InvalidDataException">A line other than the last is damaged.</exception>
    public static RunEvents Open(RunLock runLock, TimeProvider? clock = null)
    {
        var file = new FileStream(
            runLock.Run.EventsPath,
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.Read,
            bufferSize: 0
        );
        try
        {
            var content = new byte[file.Length];
            file.ReadExactly(content);
            var (events, whole) = Parse(content, runLock.Run.EventsPath);
            file.SetLength(whole);
            file.Position = whole;
            var opened = new RunEvents(file, events.Count, clock ?? TimeProvider.System);
            if (whole < content.Length)
                opened.Append(
                    RunEvent.Warned(
                        new(
                            RunWarningKind.TornRecord,
                            $"Cut {content.Length - whole} bytes of a torn event off events.ndjson: the process before was killed while it wrote."
                        )
                    )
                );
            return opened;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Numbers, dates and appends an event. Checkpoints, errors and the end are brought to the disk at once. May be called from several threads.</summary>
    /// <returns>The event as written.</returns>
    public RunEvent Append(RunEvent item)
    {
        lock (_gate)
        {
            var numbered = item with { Number = _number + 1, Time = _clock.GetUtcNow() };
            _file.Write(numbered.ToLine());
            _number++;
            if (item.Type is RunEventType.Checkpoint or RunEventType.Error or RunEventType.End)
                _file.Flush(flushToDisk: true);
            return numbered;
        }
    }

    /// <summary>Reads a run's events; a torn last line, perhaps still being written, is left out.</summary>
    /// <exception cref="InvalidDataException">A line other than the last is damaged.</exception>
    public static IReadOnlyList<RunEvent> Read(RunDirectory run)
    {
        if (!File.Exists(run.EventsPath))
            return [];
        using var file = new FileStream(run.EventsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return Parse(content.ToArray(), run.EventsPath).Events;
    }

    /// <summary>The steps that led to the present weights: those of branches abandoned by a resume are left out.</summary>
    /// <exception cref="InvalidDataException">A line other than the last is damaged.</exception>
    public static IReadOnlyList<RunEvent> EffectiveSteps(RunDirectory run) => EffectiveSteps(Read(run));

    /// <summary>As <see cref="EffectiveSteps(RunDirectory)"/>, over events already read.</summary>
    public static IReadOnlyList<RunEvent> EffectiveSteps(IEnumerable<RunEvent> events)
    {
        var steps = new List<RunEvent>();
        var stages = new List<string>(); // in the order of their first event
        foreach (var item in events)
        {
            var stage = IndexOf(stages, item.Stage ?? "");
            if (item.Type == RunEventType.Resumed)
                steps.RemoveAll(step =>
                    IndexOf(stages, step.Stage ?? "") is var index
                    && (index > stage || (index == stage && step.Step > item.FromStep))
                );
            else if (item.Type == RunEventType.Step)
                steps.Add(item);
        }
        return steps;
    }

    /// <summary>Closes the file, everything on the disk.</summary>
    public void Dispose()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
    }

    private static int IndexOf(List<string> stages, string stage)
    {
        var index = stages.IndexOf(stage);
        if (index >= 0)
            return index;
        stages.Add(stage);
        return stages.Count - 1;
    }

    // Returns the events and the number of bytes they take; what is after is a torn line.
    private static (List<RunEvent> Events, int Whole) Parse(byte[] content, string path)
    {
        var events = new List<RunEvent>();
        var start = 0;
        while (content.AsSpan(start).IndexOf((byte)'\n') is >= 0 and var length)
        {
            try
            {
                var item = RunEvent.Parse(content.AsSpan(start, length));
                if (item.Number != events.Count + 1)
                    throw new JsonException($"It has number {item.Number}; {events.Count + 1} is due.");
                events.Add(item);
            }
            catch (JsonException) when (start + length + 1 == content.Length)
            {
                break; // after a power loss the last line may have its length but not its bytes
            }
            catch (JsonException exception)
            {
                throw new InvalidDataException(
                    $"{path}:{events.Count + 1} is damaged: {exception.Message} The lines before it can be kept by cutting the file there.",
                    exception
                );
            }
            start += length + 1;
        }
        return (events, start);
    }
}
