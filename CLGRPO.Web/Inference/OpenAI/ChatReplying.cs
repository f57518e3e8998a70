using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Sends what a model writes, as a whole or as it comes.</summary>
internal sealed class ChatReplying(
    HttpContext context,
    ChatRequest request,
    DateTimeOffset now,
    InferenceOptions options
)
{
    private ChatReply _reply = null!;

    /// <exception cref="InferenceException">It is not answered, and nothing was sent yet.</exception>
    public Task RunAsync(IAsyncEnumerable<InferenceEvent> events, CancellationToken stop) =>
        request.Stream ? StreamAsync(events, stop) : WholeAsync(events, stop);

    private async Task WholeAsync(IAsyncEnumerable<InferenceEvent> events, CancellationToken stop)
    {
        ChatCompletion[] completions = [.. Enumerable.Range(0, request.Asked.Count).Select(_ => new ChatCompletion())];
        await foreach (var told in events)
        {
            if (told is InferenceStarted started)
                Begin(started);
            else if (told is InferenceDelta delta)
                completions[delta.Index].Append(delta);
            else if (told is InferenceFinished end)
                completions[end.Index].End = end;
        }
        context.Response.ContentType = "application/json";
        using var patience = Patience(stop);
        await context.Response.WriteAsync(_reply.Whole(completions).ToJsonString(OpenAIJson.Options), patience.Token);
    }

    private async Task StreamAsync(IAsyncEnumerable<InferenceEvent> events, CancellationToken stop)
    {
        try
        {
            await foreach (var told in events)
            {
                foreach (var chunk in Chunks(told))
                    await SendAsync(chunk, stop);
            }
            if (request.IncludeUsage)
                await SendAsync(_reply.LastUsage(), stop);
        }
        catch (InferenceException e) when (context.Response.HasStarted)
        {
            await SendAsync(OpenAIErrors.Envelope(OpenAIErrors.StatusOf(e.Fault), e.Message, e.Parameter), stop);
        }
        await SendAsync("[DONE]"u8.ToArray(), stop);
    }

    private IEnumerable<JsonObject> Chunks(InferenceEvent told)
    {
        switch (told)
        {
            case InferenceStarted started:
                Begin(started);
                context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
                context.Response.ContentType = "text/event-stream";
                context.Response.Headers.CacheControl = "no-store";
                context.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy in front is not to collect it
                return Enumerable.Range(0, request.Asked.Count).Select(_reply.First);
            case InferenceDelta delta:
                return _reply.Next(delta) is { } chunk ? [chunk] : [];
            case InferenceFinished end:
                return [_reply.Last(end)];
            default:
                return [];
        }
    }

    private void Begin(InferenceStarted started) =>
        _reply = new ChatReply(request, started.Model.Id, now, options.ReasoningField)
        {
            PromptTokens = started.PromptTokens,
        };

    private Task SendAsync(JsonObject json, CancellationToken stop) =>
        SendAsync(JsonSerializer.SerializeToUtf8Bytes(json, OpenAIJson.Options), stop);

    private async Task SendAsync(byte[] data, CancellationToken stop)
    {
        using var patience = Patience(stop);
        var writer = context.Response.BodyWriter;
        writer.Write("data: "u8);
        writer.Write(data);
        writer.Write("\n\n"u8);
        await writer.FlushAsync(patience.Token);
    }

    /// <summary>Ends when the reader has taken nothing for too long.</summary>
    private CancellationTokenSource Patience(CancellationToken stop)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(options.ReadSeconds));
        return patience;
    }
}
