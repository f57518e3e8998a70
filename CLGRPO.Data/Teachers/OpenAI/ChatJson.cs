using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>A reply or a chunk of one, as far as it is read.</summary>
internal sealed record ChatJson(
    string? Model,
    IReadOnlyList<ChoiceJson>? Choices,
    UsageJson? Usage,
    JsonElement? Error
);

/// <param name="Message">Of a whole reply.</param>
/// <param name="Delta">Of a chunk.</param>
internal sealed record ChoiceJson(
    int Index,
    MessageJson? Message,
    MessageJson? Delta,
    string? FinishReason,
    JsonElement? Logprobs
);

internal sealed record MessageJson(string? Content, string? Reasoning, string? ReasoningContent);

internal sealed record UsageJson(int? PromptTokens, int? CompletionTokens);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ChatJson))]
internal sealed partial class ChatJsonContext : JsonSerializerContext
{
    /// <exception cref="TeacherException">The text is not such JSON.</exception>
    public static ChatJson Parse(string json, ReplyLimits limits)
    {
        try
        {
            // Depth and token kinds are checked before anything is made of the text.
            var reader = new Utf8JsonReader(
                System.Text.Encoding.UTF8.GetBytes(json),
                new JsonReaderOptions { MaxDepth = limits.MaxJsonDepth }
            );
            var chat = JsonSerializer.Deserialize(ref reader, Default.ChatJson) ?? throw Garbage();
            return !reader.Read() ? chat : throw Garbage();
        }
        // InvalidOperationException: half of a surrogate pair in a string.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Garbage();
        }
    }

    private static TeacherException Garbage() =>
        new(TeacherFault.Garbage, "The reply is not the JSON of a chat completion.");
}
