namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>How much of a hostile reply is read (A-SSRF-3).</summary>
public sealed record ReplyLimits
{
    /// <summary>Bytes of one line of a stream.</summary>
    public int MaxLineBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of the whole reply.</summary>
    public int MaxBytes { get; init; } = 5 << 20;

    /// <summary>From the request to the last byte.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Between two pieces of a reply, once it has begun.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Objects and lists within each other.</summary>
    public int MaxJsonDepth { get; init; } = 32;
}
