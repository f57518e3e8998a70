using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>Puts a reply together from one body or from the chunks of a stream.</summary>
internal sealed class ChatReplyBuilder(ReplyLimits limits)
{
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _reasoning = new();
    private readonly StringBuilder _reasoningContent = new();
    private string? _model;
    private string? _finishReason;
    private bool _hasLogprobs;
    private UsageJson? _usage;

    /// <summary>Whether a reason for the end has come.</summary>
    public bool HasFinished => _finishReason is not null;

    /// <exception cref="TeacherException">The piece is no chat completion, or tells of an error.</exception>
    public void Add(string json)
    {
        var piece = ChatJsonContext.Parse(json, limits);
        if (piece.Error is { ValueKind: not JsonValueKind.Null })
        {
            throw new TeacherException(
                TeacherFault.ServerError,
                "The teacher reported an error in place of its answer."
            );
        }
        if (piece.Choices is null && piece.Usage is null)
        {
            throw new TeacherException(TeacherFault.Garbage, "The reply is JSON, but no chat completion.");
        }
        _model ??= piece.Model;
        _usage = piece.Usage ?? _usage;
        if (_usage is { PromptTokens: < 0 } or { CompletionTokens: < 0 })
        {
            throw new TeacherException(TeacherFault.Garbage, "The reply counts fewer than no tokens.");
        }
        foreach (var choice in piece.Choices ?? [])
        {
            if (choice is { Index: 0 })
            {
                Add(choice);
            }
        }
    }

    /// <param name="raw">The body; null to put it together.</param>
    /// <param name="ended">Whether the end mark has come.</param>
    /// <exception cref="TeacherException">There is no text in it.</exception>
    public ChatReply Build(string? raw, bool ended)
    {
        var content = Clean(_content);
        var reasoning =
            _reasoning.Length > 0 ? Clean(_reasoning)
            : _reasoningContent.Length > 0 ? Clean(_reasoningContent)
            : null;
        raw ??= Message(content);
        if (reasoning is null && ThinkTags.Split(content) is { Reasoning: { } inline } tags)
        {
            (reasoning, content) = (inline, tags.Content);
        }
        var reply = new ChatReply(
            _model,
            reasoning,
            content,
            _finishReason,
            ended,
            _hasLogprobs,
            _usage?.PromptTokens,
            _usage?.CompletionTokens,
            raw
        );
        return string.IsNullOrWhiteSpace(content) && string.IsNullOrWhiteSpace(reasoning) && !reply.Truncated
            ? throw new TeacherException(TeacherFault.Garbage, "The reply holds no text.")
            : reply;
    }

    private void Add(ChoiceJson choice)
    {
        _finishReason = choice.FinishReason ?? _finishReason;
        _hasLogprobs |= choice.Logprobs is { ValueKind: JsonValueKind.Object };
        if ((choice.Message ?? choice.Delta) is { } text)
        {
            _content.Append(text.Content);
            _reasoning.Append(text.Reasoning);
            _reasoningContent.Append(text.ReasoningContent);
        }
    }

    // No database of ours has a place for NUL.
    private static string Clean(StringBuilder text) => text.Replace('\0', '\uFFFD').ToString();

    private string Message(string content)
    {
        using var buffer = new MemoryStream();
        using (
            var json = new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        )
        {
            json.WriteStartObject();
            json.WriteString("model", _model);
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", content);
            if (_reasoning.Length > 0)
            {
                json.WriteString("reasoning", Clean(_reasoning));
            }
            if (_reasoningContent.Length > 0)
            {
                json.WriteString("reasoning_content", Clean(_reasoningContent));
            }
            json.WriteEndObject();
            json.WriteString("finish_reason", _finishReason);
            json.WriteEndObject();
            json.WriteEndArray();
            if (_usage is { } usage)
            {
                json.WriteStartObject("usage");
                json.WriteNumber("prompt_tokens", usage.PromptTokens ?? 0);
                json.WriteNumber("completion_tokens", usage.CompletionTokens ?? 0);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
