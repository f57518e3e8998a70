namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>A chat completion, streamed or not. All text is hostile.</summary>
/// <param name="Model">What the endpoint says it runs; null where it does not say.</param>
/// <param name="Reasoning">From <c>reasoning</c>, <c>reasoning_content</c> or inline think tags; null where there was none.</param>
/// <param name="Content">The rest.</param>
/// <param name="FinishReason">Such as <c>stop</c> or <c>length</c>; null where it does not say.</param>
/// <param name="Ended">The reply came to its end; a stream with its end mark.</param>
/// <param name="HasLogprobs">Log-probabilities came with it.</param>
/// <param name="PromptTokens">null where it does not say.</param>
/// <param name="CompletionTokens">null where it does not say.</param>
/// <param name="Raw">The body; of a stream, the same message put together.</param>
public sealed record ChatReply(
    string? Model,
    string? Reasoning,
    string Content,
    string? FinishReason,
    bool Ended,
    bool HasLogprobs,
    int? PromptTokens,
    int? CompletionTokens,
    string Raw
)
{
    public bool Truncated => !Ended || FinishReason == "length";
}
