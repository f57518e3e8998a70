using System.Text.Json.Serialization;

namespace CLGRPO.Training.Serving;

/// <summary>What is asked of the inference process.</summary>
public enum ServeVerb
{
    /// <summary>Continue a chat.</summary>
    Generate,

    /// <summary>Say what is loaded and what runs.</summary>
    Status,
}

/// <summary>
/// The line with which a connection to the inference process begins; the bytes of its images follow. Hanging up cancels it.
/// </summary>
public sealed record ServeRequest
{
    /// <summary>The format that this build speaks.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Tokens at which a completion is cut where no limit is given.</summary>
    public const int DefaultMaxTokens = 1024;

    [JsonPropertyName("v")]
    public int Version { get; init; } = CurrentVersion;

    public ServeVerb Do { get; init; }

    /// <summary>The model's folder.</summary>
    public string Model { get; init; } = "";

    /// <summary>
    /// From the first to the last. Where the last one has no text, the model is asked what it was trained with, its system message included
    /// if there is none.
    /// </summary>
    public IReadOnlyList<ServeMessage> Messages { get; init; } = [];

    /// <summary>Bytes of each image, in the order of the messages' image parts.</summary>
    public IReadOnlyList<int> Images { get; init; } = [];

    /// <summary>What stands in the completion before the model's first word; empty for nothing.</summary>
    public string Begin { get; init; } = "";

    /// <summary>Tokens at which a completion is cut; refused where they do not fit. null: <see cref="DefaultMaxTokens"/>, or what fits.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Completions to write (n).</summary>
    public int Count { get; init; } = 1;

    /// <summary>Divides the logits; 0 always takes the most likely token.</summary>
    public double Temperature { get; init; }

    public int TopK { get; init; }

    public double TopP { get; init; } = 1;

    public double MinP { get; init; }

    public long Seed { get; init; }

    /// <summary>Texts that end a completion; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Give each token's log-probability and bytes.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Most likely tokens to list at each place.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>Labels of the data set: for <c>{labels}</c> in a prompt, and for <see cref="LabelProbabilities"/>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Give the probability of each label after the reasoning that was written.</summary>
    public bool LabelProbabilities { get; init; }

    /// <summary>Give what of the images the answer rests on.</summary>
    public bool Look { get; init; }
}

/// <summary>A message of the chat.</summary>
/// <param name="Role">system, user or assistant.</param>
public sealed record ServeMessage(string Role, IReadOnlyList<ServePart> Parts);

/// <summary>A piece of a message.</summary>
/// <param name="Text">Text; null: the place of the next image.</param>
public sealed record ServePart(string? Text);
