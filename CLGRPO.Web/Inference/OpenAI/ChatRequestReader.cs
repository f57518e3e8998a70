using System.Text.Json;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Reads the body of <c>/v1/chat/completions</c>; every limit is held before anything is computed.</summary>
internal static class ChatRequestReader
{
    private const int MostStops = 16;
    private const int LongestStop = 64;
    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    private static readonly string[] Known =
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "n",
        "stop",
        "logprobs",
        "top_logprobs",
        "include_reasoning",
        "reasoning_effort",
        "chat_template",
        "chat_template_kwargs",
    ];

    /// <exception cref="ChatRequestException">It is none, or beyond a limit.</exception>
    public static ChatRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new ChatRequestException("The body must be a JSON object.");
        var fields = new Fields(body);
        if (fields.Has("chat_template"))
            throw new ChatRequestException("chat_template is not taken: the model has its own.", "chat_template");
        var logprobs = fields.Flag("logprobs") ?? false;
        var top = (int)(fields.Whole("top_logprobs", 0, 20) ?? 0);
        if (top > 0 && !logprobs)
            throw new ChatRequestException("top_logprobs needs logprobs to be true.", "top_logprobs");
        var options = fields.Object("stream_options");
        return new ChatRequest(
            new InferenceRequest
            {
                Model = fields.Text("model"),
                Messages = ChatMessages.Read(body),
                Think = Thinks(fields),
                MaxTokens = (int?)(
                    fields.Whole("max_completion_tokens", 1, int.MaxValue)
                    ?? fields.Whole("max_tokens", 1, int.MaxValue)
                ),
                Count = (int)(fields.Whole("n", 1, 8) ?? 1),
                Temperature = fields.Real("temperature", 0, 2) ?? 1,
                TopP = Positive("top_p", fields.Real("top_p", 0, 1) ?? 1),
                TopK = (int)Math.Max(0, fields.Whole("top_k", -1, int.MaxValue) ?? 0),
                MinP = fields.Real("min_p", 0, 1) ?? 0,
                Seed = fields.Whole("seed", long.MinValue, long.MaxValue) ?? Random.Shared.NextInt64(),
                Stop = Stops(body),
                Logprobs = logprobs,
                TopLogprobs = top,
            },
            fields.Flag("stream") ?? false,
            options?.Flag("include_usage") ?? false,
            options?.Flag("continuous_usage_stats") ?? false,
            fields.Flag("include_reasoning") ?? true,
            [.. body.EnumerateObject().Select(field => field.Name).Except(Known, StringComparer.Ordinal)]
        );
    }

    private static bool Thinks(Fields fields)
    {
        var effort = fields.Text("reasoning_effort");
        if (effort is not null && !Efforts.Contains(effort, StringComparer.Ordinal))
            throw new ChatRequestException(
                $"reasoning_effort must be one of {string.Join(", ", Efforts)}.",
                "reasoning_effort"
            );
        var template = fields.Object("chat_template_kwargs");
        if (template?.Names.FirstOrDefault(name => name != "enable_thinking") is { })
            throw new ChatRequestException("chat_template_kwargs takes enable_thinking alone.", "chat_template_kwargs");
        return template?.Flag("enable_thinking") ?? effort != "none";
    }

    private static double Positive(string name, double value) =>
        value > 0 ? value : throw new ChatRequestException($"{name} must be above 0; 1 is off.", name);

    private static List<string> Stops(JsonElement body)
    {
        if (!body.TryGetProperty("stop", out var stop) || stop.ValueKind == JsonValueKind.Null)
            return [];
        var stops = stop.ValueKind switch
        {
            JsonValueKind.String => [stop],
            JsonValueKind.Array when stop.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) =>
                stop.EnumerateArray().ToList(),
            _ => throw new ChatRequestException("stop must be a text or a list of texts.", "stop"),
        };
        if (stops.Count > MostStops)
            throw new ChatRequestException($"stop has {stops.Count} texts; at most {MostStops} are taken.", "stop");
        var texts = stops.ConvertAll(one => one.GetString()!);
        return texts.TrueForAll(text => text.Length is >= 1 and <= LongestStop)
            ? texts
            : throw new ChatRequestException($"Each text of stop must have 1 to {LongestStop} characters.", "stop");
    }
}
