using CLGRPO.Data.Cot;
using CLGRPO.Training.Serving;
using CLGRPO.Web.Inference;

namespace CLGRPO.Web.Playground;

/// <summary>A completion on its way to the page.</summary>
public sealed class WrittenSample
{
    private readonly System.Text.StringBuilder _reasoning = new();
    private readonly System.Text.StringBuilder _content = new();
    private TimeSpan? _thoughtEnd;
    private TimeSpan _last;

    public string Reasoning => _reasoning.ToString();

    public string Content => _content.ToString();

    public int Tokens { get; private set; }

    public int ReasoningTokens { get; private set; }

    /// <summary>It met the limit of tokens.</summary>
    public bool Cut { get; private set; }

    /// <summary>Nothing more comes: it ended, or was stopped.</summary>
    public bool Ended { get; private set; }

    public IReadOnlyList<LabelProbability>? Labels { get; private set; }

    public PlaygroundLook? Look { get; private set; }

    public bool HasText => _reasoning.Length + _content.Length > 0;

    /// <summary>The reasoning is whole.</summary>
    public bool HasThought => _reasoning.Length > 0 && _content.Length > 0;

    /// <summary>It met the limit before the answer began.</summary>
    public bool CutInThought => Cut && _reasoning.Length > 0 && _content.Length == 0;

    public double ThoughtSeconds => (_thoughtEnd ?? _last).TotalSeconds;

    public double Seconds => _last.TotalSeconds;

    /// <summary>What the answer's tags hold; null while they are not closed, or where there are none.</summary>
    public string? Answer =>
        CompletionFormat.Parse(Content, CompletionStyle.Answer).Answer?.Trim() is { Length: > 0 } answer
            ? answer
            : null;

    /// <summary>The text as the model wrote it.</summary>
    public string Raw =>
        _reasoning.Length == 0 ? Content
        : _content.Length == 0 ? CompletionFormat.ThinkOpen + Reasoning
        : CompletionFormat.ThinkOpen + Reasoning + CompletionFormat.ThinkClose + Content;

    public void Take(InferenceDelta delta, TimeSpan at)
    {
        _reasoning.Append(delta.Reasoning);
        _content.Append(delta.Content);
        Tokens = delta.Written;
        _last = at;
        if (_content.Length == 0)
            ReasoningTokens = delta.Written;
        else
            _thoughtEnd ??= at;
    }

    public void Take(InferenceFinished end, TimeSpan at)
    {
        (Tokens, ReasoningTokens, Cut, Labels) = (end.Tokens, end.ReasoningTokens, !end.Stopped, end.Labels);
        Look = end.Look is [var look, ..] ? PlaygroundLook.Of(look) : null;
        _last = at;
        Ended = true;
    }

    public void Stop() => Ended = true;

    public PlaygroundSample ToKeep(bool withLook) =>
        new(
            Reasoning,
            Content,
            Answer,
            Cut,
            Tokens,
            ReasoningTokens,
            ThoughtSeconds,
            Seconds,
            Labels,
            withLook ? Look : null
        );

    public static WrittenSample Of(PlaygroundSample kept)
    {
        var sample = new WrittenSample
        {
            Tokens = kept.Tokens,
            ReasoningTokens = kept.ReasoningTokens,
            Cut = kept.Cut,
            Ended = true,
            Labels = kept.Labels,
            Look = kept.Look,
        };
        sample._reasoning.Append(kept.Reasoning);
        sample._content.Append(kept.Content);
        sample._thoughtEnd = TimeSpan.FromSeconds(kept.ThoughtSeconds);
        sample._last = TimeSpan.FromSeconds(kept.Seconds);
        return sample;
    }
}
