namespace CLGRPO.Data.Tests.Teachers;

/// <summary>Under which name a fake teacher sends its reasoning.</summary>
internal enum ReasoningKey
{
    Reasoning,
    ReasoningContent,
    Both,
    Inline,
}

/// <summary>What a fake teacher does with a request.</summary>
internal abstract record FakeAct
{
    private FakeAct() { }

    /// <summary>An answer as vLLM gives it.</summary>
    /// <param name="PieceLength">Characters of a chunk of a stream.</param>
    public sealed record Answer(
        string Reasoning,
        string Content,
        ReasoningKey Key = ReasoningKey.Reasoning,
        string FinishReason = "stop",
        bool Done = true,
        int PieceLength = 7,
        bool Logprobs = true
    ) : FakeAct;

    /// <summary>An HTTP error in OpenAI's envelope.</summary>
    public sealed record Error(int Status, string? RetryAfter = null, string Message = "no") : FakeAct;

    /// <summary>A 302.</summary>
    public sealed record Redirect(string Location) : FakeAct;

    /// <summary>Any body under any type.</summary>
    public sealed record Body(string ContentType, string Text) : FakeAct;

    /// <summary>Begins an answer and says no more.</summary>
    public sealed record Stall : FakeAct;

    /// <summary>Takes the request and never answers.</summary>
    public sealed record Silence : FakeAct;

    /// <summary>Begins an answer and drops the connection.</summary>
    public sealed record Cut : FakeAct;

    /// <summary>Chunks without end.</summary>
    public sealed record EndlessStream : FakeAct;

    /// <summary>A line without end.</summary>
    public sealed record EndlessLine : FakeAct;

    /// <summary>A byte of a good answer now and then.</summary>
    public sealed record Drip(TimeSpan Pause) : FakeAct;

    /// <summary>Many zeros, compressed, unasked.</summary>
    public sealed record GzipBomb : FakeAct;

    /// <summary>A good answer after a while.</summary>
    public sealed record Late(TimeSpan Delay, FakeAct Then) : FakeAct;

    /// <summary>Answers when a test lets it.</summary>
    public sealed record Held(Task Gate, FakeAct Then) : FakeAct;
}
