using System.Text.Json.Serialization;

namespace CLGRPO.Training.Serving;

/// <summary>What a line of the inference process tells.</summary>
public enum ServeEventType
{
    /// <summary>The prompt is computed; completions begin.</summary>
    Started,

    /// <summary>A completion grew by one token.</summary>
    Token,

    /// <summary>A completion ended.</summary>
    Finished,

    /// <summary>All completions ended; the last line.</summary>
    Done,

    /// <summary>It cannot be done; the last line.</summary>
    Error,

    /// <summary>The answer to <see cref="ServeVerb.Status"/>; the last line.</summary>
    Status,
}

/// <summary>Whose fault an error is.</summary>
public enum ServeFault
{
    /// <summary>The request's: it cannot be answered as it is.</summary>
    Request,

    /// <summary>The model folder's.</summary>
    Model,

    /// <summary>The process's own.</summary>
    Internal,
}

/// <summary>A line that the inference process answers with. Which fields are there depends on the type.</summary>
public sealed record ServeEvent([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ServeEventType Type)
{
    /// <summary>Started: tokens of the prompt, those of images included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Token, Finished: which completion; 0 … n − 1.</summary>
    public int Index { get; init; }

    /// <summary>Token, Finished: text that is certain now. A half character, or what may become a stop text, is held back.</summary>
    public string Text { get; init; } = "";

    /// <summary>Token: what was chosen; null unless log-probabilities are wanted.</summary>
    public ServeToken? Token { get; init; }

    /// <summary>Finished: it ended by itself or at a stop text, not at the limit.</summary>
    public bool Stopped { get; init; }

    /// <summary>Finished: the stop text it ended at.</summary>
    public string? StopText { get; init; }

    /// <summary>Finished: tokens written, the end token included.</summary>
    public int Tokens { get; init; }

    /// <summary>Finished: null where they were not asked for, or the completion has no answer.</summary>
    public IReadOnlyList<LabelProbability>? Labels { get; init; }

    /// <summary>Finished: one for each image; null where it was not asked for, or the completion has no answer.</summary>
    public IReadOnlyList<LookMap>? Look { get; init; }

    /// <summary>Error.</summary>
    public ServeFault Fault { get; init; }

    /// <summary>Error: a sentence.</summary>
    public string? Message { get; init; }

    /// <summary>Error: the setting that is to blame, in the API's words.</summary>
    public string? Parameter { get; init; }

    /// <summary>Status.</summary>
    public ServeStatus? Status { get; init; }
}

/// <summary>A token that was chosen.</summary>
/// <param name="Bytes">Its UTF-8 bytes, possibly part of a character; empty for the end token.</param>
/// <param name="Logprob">Under the distribution at the request's temperature, before top_p, top_k and min_p; nats.</param>
/// <param name="Top">The most likely tokens in its place, most likely first.</param>
public sealed record ServeToken(byte[] Bytes, float Logprob, IReadOnlyList<TopToken> Top);

/// <summary>A token that could have been chosen.</summary>
public sealed record TopToken(byte[] Bytes, float Logprob);

/// <summary>How likely a label is as the answer, given the reasoning that was written; all labels together have 1.</summary>
public sealed record LabelProbability(string Label, double Probability);

/// <summary>What of an image the answer rests on: a grid over the whole picture, each cell from 0 to 1.</summary>
/// <param name="Values">[rows · columns], row by row.</param>
public sealed record LookMap(int Rows, int Columns, IReadOnlyList<float> Values);

/// <summary>What the inference process does now.</summary>
/// <param name="Running">Completions that are being written.</param>
/// <param name="Waiting">Requests that wait for room.</param>
/// <param name="Models">Folders that are loaded.</param>
/// <param name="Tokens">Tokens written since the start.</param>
/// <param name="Steps">Decode steps since the start; a step writes one token of each running completion.</param>
public sealed record ServeStatus(int Running, int Waiting, IReadOnlyList<string> Models, long Tokens, long Steps);
