namespace CLGRPO.Data.Runs;

/// <summary>What a reader who has seen every live frame has before them: it makes the snapshot for one who has not.</summary>
/// <param name="run">The run's id.</param>
public sealed class LiveView(string run)
{
    private readonly List<LiveGroup> _groups = [];
    private readonly SortedDictionary<(int Group, int Completion), (List<string> Text, string? End)> _texts = [];
    private readonly List<LiveScores> _scores = [];
    private readonly List<LiveClip> _clipped = [];
    private LiveFrame _status = new() { Type = LiveFrameType.Status };

    /// <summary>Takes a frame in.</summary>
    public void Apply(LiveFrame frame)
    {
        switch (frame.Type)
        {
            case LiveFrameType.Status:
                if (frame.Step != _status.Step || frame.Stage != _status.Stage || frame.Phase == "generate")
                    Clear();
                _status = frame;
                break;
            case LiveFrameType.Snapshot:
                Clear();
                _status = frame;
                Add(frame);
                break;
            default:
                Add(frame);
                break;
        }
    }

    /// <summary>Forgets everything: what comes next begins anew.</summary>
    public void Clear()
    {
        _groups.Clear();
        _texts.Clear();
        _scores.Clear();
        _clipped.Clear();
    }

    /// <param name="time">Milliseconds since 1970.</param>
    /// <param name="dropped">Frames that the reader missed.</param>
    public LiveFrame Snapshot(long time, long dropped) =>
        new()
        {
            Type = LiveFrameType.Snapshot,
            Time = time,
            Dropped = dropped,
            Run = run,
            Stage = _status.Stage,
            Step = _status.Step,
            Steps = _status.Steps,
            Phase = _status.Phase,
            Groups = [.. _groups],
            Tokens =
            [
                .. _texts.Select(pair => new LiveTokens(
                    pair.Key.Group,
                    pair.Key.Completion,
                    0,
                    pair.Value.Text,
                    pair.Value.End
                )),
            ],
            Scores = [.. _scores],
            Clipped = [.. _clipped],
        };

    private void Add(LiveFrame frame)
    {
        _groups.AddRange(frame.Groups ?? []);
        foreach (var tokens in frame.Tokens ?? [])
            Grow(tokens);
        _scores.AddRange(frame.Scores ?? []);
        _clipped.AddRange(frame.Clipped ?? []);
    }

    private void Grow(LiveTokens tokens)
    {
        var key = (tokens.Group, tokens.Completion);
        var text = _texts.TryGetValue(key, out var known) ? known.Text : [];
        text.AddRange(tokens.Text);
        _texts[key] = (text, tokens.End);
    }
}
