namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>A request to <c>/v1/chat/completions</c> that was read and is within all limits.</summary>
/// <param name="Asked">What the model is asked.</param>
/// <param name="Stream">Answer piece by piece.</param>
/// <param name="IncludeUsage">End a stream with the counts of tokens.</param>
/// <param name="UsageInEachChunk">Give them with every chunk.</param>
/// <param name="IncludeReasoning">Show the reasoning, and what would tell of it.</param>
/// <param name="Ignored">Fields that were given and mean nothing here.</param>
internal sealed record ChatRequest(
    InferenceRequest Asked,
    bool Stream,
    bool IncludeUsage,
    bool UsageInEachChunk,
    bool IncludeReasoning,
    IReadOnlyList<string> Ignored
);

/// <summary>A request that is refused; the message is for whoever sent it.</summary>
internal sealed class ChatRequestException(
    string message,
    string? parameter = null,
    int status = StatusCodes.Status400BadRequest
) : Exception(message)
{
    public string? Parameter => parameter;

    public int Status => status;
}
