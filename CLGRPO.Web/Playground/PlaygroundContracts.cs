using CLGRPO.Training.Serving;

namespace CLGRPO.Web.Playground;

/// <summary>A picture that models are asked about.</summary>
/// <param name="Hash">SHA-256 of its bytes.</param>
/// <param name="Width">Pixels, upright.</param>
/// <param name="Height">Pixels, upright.</param>
/// <param name="FromDataset">It is a data set's; else its person brought it.</param>
/// <param name="Label">What the data set says it is; null where nobody knows.</param>
public sealed record PlaygroundPicture(
    string Hash,
    int Width,
    int Height,
    bool FromDataset = false,
    string? Label = null
);

/// <summary>How completions are sampled.</summary>
public sealed record PlaygroundSettings
{
    public const double MostTemperature = 2;
    public const int MostTopK = 100;
    public const int MostTokens = 1024;
    public const int MostSamples = 8;

    /// <summary>0 always takes the most likely token.</summary>
    public double Temperature { get; init; } = 0.7;

    public double TopP { get; init; } = 0.95;

    /// <summary>0: off.</summary>
    public int TopK { get; init; }

    public int MaxTokens { get; init; } = 256;

    public int Samples { get; init; } = 1;

    public long Seed { get; init; } = 7;

    /// <summary>Tell where in the picture the answer looked.</summary>
    public bool Look { get; init; } = true;
}

/// <summary>Something that was asked, with all answers.</summary>
public sealed record PlaygroundEntry
{
    public required string Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required PlaygroundPicture Picture { get; init; }

    /// <summary>null: each model was asked what it was trained to be asked.</summary>
    public string? Question { get; init; }

    /// <summary>null: as trained.</summary>
    public string? System { get; init; }

    public required PlaygroundSettings Settings { get; init; }
    public required IReadOnlyList<PlaygroundAnswer> Answers { get; init; }
}

/// <summary>What one model wrote.</summary>
/// <param name="Good">Thumb up or down; null: none.</param>
/// <param name="Error">Why it did not answer.</param>
public sealed record PlaygroundAnswer(
    string Model,
    string? Stage,
    bool? Good,
    string? Error,
    IReadOnlyList<PlaygroundSample> Samples
);

/// <summary>One completion.</summary>
/// <param name="Reasoning">Without its tags.</param>
/// <param name="Content">The rest, as it was written.</param>
/// <param name="Answer">The text between the answer's tags; null where there is none.</param>
/// <param name="Cut">It met the limit of tokens.</param>
/// <param name="ThoughtSeconds">From the first token to the end of the reasoning.</param>
/// <param name="Seconds">From the first token to the last.</param>
public sealed record PlaygroundSample(
    string Reasoning,
    string Content,
    string? Answer,
    bool Cut,
    int Tokens,
    int ReasoningTokens,
    double ThoughtSeconds,
    double Seconds,
    IReadOnlyList<LabelProbability>? Labels,
    PlaygroundLook? Look
);

/// <summary>Where the answer looked: a grid over the whole picture.</summary>
/// <param name="Cells">A byte for each cell, row by row: 255 is the most.</param>
public sealed record PlaygroundLook(int Rows, int Columns, byte[] Cells)
{
    public static PlaygroundLook Of(LookMap map) =>
        new(map.Rows, map.Columns, [.. map.Values.Select(value => (byte)Math.Clamp(value * 255, 0, 255))]);
}

/// <summary>An entry of the history, in short.</summary>
public sealed record PlaygroundSummary(
    string Id,
    DateTimeOffset At,
    PlaygroundPicture Picture,
    string? Question,
    IReadOnlyList<PlaygroundVote> Answers
);

/// <summary>What a model answered most often.</summary>
public sealed record PlaygroundVote(string Model, string? Stage, string? Answer, bool? Good);

/// <summary>A thumb.</summary>
public sealed record RateAnswer
{
    /// <summary>Up or down; null takes it back.</summary>
    /// <example>true</example>
    public bool? Good { get; init; }
}
