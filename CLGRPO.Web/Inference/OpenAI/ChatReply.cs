using System.Text;
using System.Text.Json.Nodes;
using CLGRPO.Training.Serving;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Writes answers and chunks as OpenAI's clients read them.</summary>
/// <param name="request">What was asked.</param>
/// <param name="model">The name that is answered with.</param>
/// <param name="created">When the answer began.</param>
/// <param name="fields">Under which names the reasoning goes.</param>
internal sealed class ChatReply(ChatRequest request, string model, DateTimeOffset created, ReasoningField fields)
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly int[] _tokens = new int[request.Asked.Count];
    private readonly int[] _reasoning = new int[request.Asked.Count];

    /// <summary>Tokens of the prompt, once it is computed.</summary>
    public int PromptTokens { get; set; }

    /// <summary>The first chunk of a completion.</summary>
    public JsonObject First(int index) =>
        Chunk(Choice(index, new JsonObject { ["role"] = "assistant", ["content"] = "" }, logprobs: null, finish: null));

    /// <returns>null: there is nothing to show.</returns>
    public JsonObject? Next(InferenceDelta delta)
    {
        _tokens[delta.Index] = delta.Written;
        var tokens = Shown(delta.Tokens).ToList();
        var reasoning = request.IncludeReasoning ? delta.Reasoning : "";
        if (reasoning.Length + delta.Content.Length + tokens.Count == 0)
            return null;
        var part = new JsonObject();
        if (reasoning.Length > 0)
            AddReasoning(part, reasoning);
        if (delta.Content.Length > 0)
            part["content"] = delta.Content;
        return Chunk(Choice(delta.Index, part, tokens.Count > 0 ? Logprobs(tokens) : null, finish: null));
    }

    /// <summary>The last chunk of a completion.</summary>
    public JsonObject Last(InferenceFinished end)
    {
        Count(end);
        return Chunk(Choice(end.Index, [], logprobs: null, end));
    }

    /// <summary>The chunk after all others, with the counts.</summary>
    public JsonObject LastUsage()
    {
        var chunk = Chunk(choice: null);
        chunk["usage"] = Usage();
        return chunk;
    }

    /// <summary>The answer as a whole.</summary>
    public JsonObject Whole(IReadOnlyList<ChatCompletion> completions)
    {
        var choices = new JsonArray();
        foreach (var (index, completion) in completions.Index())
        {
            Count(completion.End!);
            var message = new JsonObject { ["role"] = "assistant", ["content"] = completion.Content };
            if (request.IncludeReasoning && completion.Reasoning is { Length: > 0 } reasoning)
                AddReasoning(message, reasoning);
            var logprobs = request.Asked.Logprobs ? Logprobs([.. Shown(completion.Tokens)]) : null;
            choices.Add((JsonNode)Ended(index, "message", message, logprobs, completion.End));
        }
        var answer = Head("chat.completion", choices);
        answer["usage"] = Usage();
        answer["system_fingerprint"] = null;
        return answer;
    }

    private void Count(InferenceFinished end) =>
        (_tokens[end.Index], _reasoning[end.Index]) = (end.Tokens, end.ReasoningTokens);

    private JsonObject Usage()
    {
        var written = _tokens.Sum();
        var usage = new JsonObject
        {
            ["prompt_tokens"] = PromptTokens,
            ["completion_tokens"] = written,
            ["total_tokens"] = PromptTokens + written,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
        };
        if (request.IncludeReasoning)
            usage["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = _reasoning.Sum() };
        return usage;
    }

    private JsonObject Chunk(JsonObject? choice)
    {
        var chunk = Head("chat.completion.chunk", choice is null ? [] : [choice]);
        if (request.UsageInEachChunk && choice is not null)
            chunk["usage"] = Usage();
        return chunk;
    }

    private JsonObject Head(string kind, JsonArray choices) =>
        new()
        {
            ["id"] = _id,
            ["object"] = kind,
            ["created"] = created.ToUnixTimeSeconds(),
            ["model"] = model,
            ["choices"] = choices,
        };

    private static JsonObject Choice(int index, JsonObject delta, JsonObject? logprobs, InferenceFinished? finish) =>
        Ended(index, "delta", delta, logprobs, finish);

    private static JsonObject Ended(
        int index,
        string part,
        JsonObject content,
        JsonObject? logprobs,
        InferenceFinished? finish
    )
    {
        var choice = new JsonObject
        {
            ["index"] = index,
            [part] = content,
            ["logprobs"] = logprobs,
            ["finish_reason"] =
                finish is null ? null
                : finish.Stopped ? "stop"
                : "length",
        };
        if (finish is not null)
            choice["stop_reason"] = finish.StopText;
        return choice;
    }

    private void AddReasoning(JsonObject message, string reasoning)
    {
        if (fields != ReasoningField.ReasoningContent)
            message["reasoning"] = reasoning;
        if (fields != ReasoningField.Reasoning)
            message["reasoning_content"] = reasoning;
    }

    /// <summary>Where the reasoning is hidden, so are its tokens.</summary>
    private IEnumerable<ServeToken> Shown(IEnumerable<InferenceToken> tokens) =>
        tokens.Where(token => request.IncludeReasoning || !token.IsReasoning).Select(token => token.Token);

    private static JsonObject Logprobs(List<ServeToken> tokens)
    {
        var content = new JsonArray();
        foreach (var token in tokens)
        {
            var entry = Entry(token.Bytes, token.Logprob);
            var top = new JsonArray();
            foreach (var other in token.Top)
                top.Add((JsonNode)Entry(other.Bytes, other.Logprob));
            entry["top_logprobs"] = top;
            content.Add((JsonNode)entry);
        }
        return new JsonObject { ["content"] = content };
    }

    private static JsonObject Entry(byte[] bytes, float logprob)
    {
        var numbers = new JsonArray();
        foreach (var value in bytes)
            numbers.Add((JsonNode)(int)value);
        return new JsonObject
        {
            ["token"] = Encoding.UTF8.GetString(bytes),
            ["logprob"] = logprob,
            ["bytes"] = numbers,
        };
    }
}

/// <summary>A completion that is put together before it is shown.</summary>
internal sealed class ChatCompletion
{
    private readonly StringBuilder _reasoning = new();
    private readonly StringBuilder _content = new();

    public string Reasoning => _reasoning.ToString();
    public string Content => _content.ToString();
    public List<InferenceToken> Tokens { get; } = [];
    public InferenceFinished? End { get; set; }

    public void Append(InferenceDelta delta)
    {
        _reasoning.Append(delta.Reasoning);
        _content.Append(delta.Content);
        Tokens.AddRange(delta.Tokens);
    }
}
