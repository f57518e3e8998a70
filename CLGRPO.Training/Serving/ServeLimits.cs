namespace CLGRPO.Training.Serving;

/// <summary>What the inference process may use.</summary>
internal sealed record ServeLimits
{
    /// <summary>Models that are kept loaded.</summary>
    public int MaxModels { get; init; } = 3;

    /// <summary>Completions of one model that are written at once.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>Keys and values of one model's completions; a request that needs more by itself runs alone.</summary>
    public long CacheBytes { get; init; } = 2L << 30;
}
