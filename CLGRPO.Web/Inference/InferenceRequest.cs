using CLGRPO.Training.Serving;

namespace CLGRPO.Web.Inference;

/// <summary>A question to a model.</summary>
public sealed record InferenceRequest
{
    /// <summary>A name as <see cref="InferenceModels"/> lists them; null: the newest checkpoint of all.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// From the first to the last. Where the last one holds pictures alone, the model is asked what it was trained to be asked.
    /// </summary>
    public required IReadOnlyList<InferenceMessage> Messages { get; init; }

    /// <summary>Whether the model reasons before it answers; false: its completion begins with the answer.</summary>
    public bool Think { get; init; } = true;

    /// <summary>A reasoning that the completion begins with, so that the model writes the answer alone; null: it writes both.</summary>
    public string? Reasoning { get; init; }

    /// <summary>Tokens at which a completion is cut; null: 1024, or what fits.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Completions to write (n).</summary>
    public int Count { get; init; } = 1;

    /// <summary>0 always takes the most likely token.</summary>
    public double Temperature { get; init; }

    public double TopP { get; init; } = 1;

    /// <summary>0: off.</summary>
    public int TopK { get; init; }

    public double MinP { get; init; }

    /// <summary>The same seed writes the same completions, whatever else is asked at the time.</summary>
    public long Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Tell each token with its log-probability.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Most likely tokens to list at each place.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>Tell how likely each of the data set's labels is, given the reasoning that was written.</summary>
    public bool LabelProbabilities { get; init; }

    /// <summary>Tell what of the pictures the answer rests on.</summary>
    public bool Look { get; init; }
}

/// <summary>A message of the chat.</summary>
/// <param name="Role">system, user or assistant.</param>
public sealed record InferenceMessage(string Role, IReadOnlyList<InferencePart> Parts);

/// <summary>A piece of a message: <see cref="InferenceText"/> or <see cref="InferenceImage"/>.</summary>
public abstract record InferencePart;

/// <summary>Text as someone wrote it; nothing in it is a control token.</summary>
public sealed record InferenceText(string Text) : InferencePart;

/// <summary>A picture: a whole PNG, JPEG or WebP within the limits of uploads.</summary>
public sealed record InferenceImage(ReadOnlyMemory<byte> Encoded) : InferencePart;

/// <summary>What is told of a request while it is answered.</summary>
public abstract record InferenceEvent;

/// <summary>It waits for its turn.</summary>
/// <param name="Ahead">Requests that were there before it.</param>
public sealed record InferenceQueued(int Ahead) : InferenceEvent;

/// <summary>The model has read the prompt and begins to write.</summary>
/// <param name="Model">Who answers.</param>
/// <param name="Checkpoint">The checkpoint that was loaded; null for a model that comes from no run.</param>
public sealed record InferenceStarted(InferenceModel Model, string? Checkpoint, int PromptTokens) : InferenceEvent;

/// <summary>A completion grew.</summary>
/// <param name="Index">Which: 0 … n − 1.</param>
/// <param name="Reasoning">What the reasoning grew by; without its tags.</param>
/// <param name="Content">What the rest grew by.</param>
/// <param name="Tokens">The tokens this came of; empty unless they are wanted.</param>
/// <param name="Written">Tokens written so far.</param>
public sealed record InferenceDelta(
    int Index,
    string Reasoning,
    string Content,
    IReadOnlyList<InferenceToken> Tokens,
    int Written
) : InferenceEvent;

/// <summary>A token.</summary>
/// <param name="IsReasoning">It belongs to the reasoning or to its tags.</param>
public sealed record InferenceToken(bool IsReasoning, ServeToken Token);

/// <summary>A completion ended.</summary>
/// <param name="Stopped">By itself or at a stop text; else it was cut at the limit.</param>
/// <param name="StopText">The stop text it ended at.</param>
/// <param name="Tokens">Tokens written.</param>
/// <param name="ReasoningTokens">Of these, those of the reasoning and its tags.</param>
/// <param name="Labels">How likely each label is; null where not asked for, or where there is no answer.</param>
/// <param name="Look">For each picture what the answer rests on; null where not asked for, or where there is no answer.</param>
public sealed record InferenceFinished(
    int Index,
    bool Stopped,
    string? StopText,
    int Tokens,
    int ReasoningTokens,
    IReadOnlyList<LabelProbability>? Labels,
    IReadOnlyList<LookMap>? Look
) : InferenceEvent;
