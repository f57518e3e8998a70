namespace CLGRPO.Training.Serving;

/// <summary>What the inference process may use.</summary>
internal sealed record ServeLimits
{
    /// <summary>Models that are kept loaded.</summary>
    public int MaxModels { get; init; } = 3;

    /// <summary>Completions of one model that are written at once.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>
    /// Tokens of prompts that are computed together, padding included; a longer prompt is computed alone. Completions that are being written
    /// wait for so many tokens at most before each of theirs.
    /// </summary>
    public int PrefillTokens { get; init; } = 2048;

    /// <summary>Keys and values of one model's completions; a request that needs more by itself runs alone.</summary>
    public long CacheBytes { get; init; } = 2L << 30;
}
