using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Tests.Live;

/// <summary>What a reader knows of the groups of each step after some frames: it does what docs/live.md tells a viewer to do.</summary>
internal sealed class SeenRun
{
    private string _text = "";
    private Dictionary<int, SeenGroup> _groups = [];

    public SeenRun(IEnumerable<LiveFrame> frames)
    {
        foreach (var frame in frames)
            Apply(frame);
    }

    /// <summary>Stage and step → number → group.</summary>
    public Dictionary<(string Stage, int Step), Dictionary<int, SeenGroup>> Steps { get; } = [];

    /// <summary>Gaps between tokens: places where something was lost.</summary>
    public List<string> Gaps { get; } = [];

    public long Dropped { get; private set; }

    private void Apply(LiveFrame frame)
    {
        _text = $"{frame.Stage} {frame.Step}";
        if (frame.Type == LiveFrameType.Snapshot)
        {
            Dropped += frame.Dropped ?? 0;
            _groups = [];
            if (frame is { Stage: { } stage, Step: { } step })
                Steps[(stage, step)] = _groups;
        }
        if (frame is { Type: LiveFrameType.Status, Phase: "generate" })
            Steps[(frame.Stage!, frame.Step!.Value)] = _groups = [];
        foreach (var group in frame.Groups ?? [])
            _groups[group.Group] = new SeenGroup(group);
        foreach (var tokens in frame.Tokens ?? [])
            Grow(tokens);
        foreach (var scores in frame.Scores ?? [])
            _groups[scores.Group].Scores = scores;
        foreach (var clip in frame.Clipped ?? [])
            _groups[clip.Group].Clips[clip.Completion] = clip;
    }

    private void Grow(LiveTokens tokens)
    {
        var group = _groups[tokens.Group];
        var text = group.Tokens[tokens.Completion];
        if (text.Count != tokens.At)
            Gaps.Add($"{_text}: group {tokens.Group} has {text.Count} tokens, then {tokens.At}");
        text.AddRange(tokens.Text);
        group.Ends[tokens.Completion] = tokens.End;
    }
}

internal sealed class SeenGroup(LiveGroup group)
{
    public LiveGroup Group { get; } = group;
    public List<string>[] Tokens { get; } = [.. Enumerable.Range(0, group.Size).Select(_ => new List<string>())];
    public string?[] Ends { get; } = new string?[group.Size];
    public LiveScores? Scores { get; set; }
    public Dictionary<int, LiveClip> Clips { get; } = [];
}
