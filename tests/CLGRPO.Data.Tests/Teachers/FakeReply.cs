using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>Writes what a fake teacher does onto the wire.</summary>
internal static class FakeReply
{
    private const string Id = "chatcmpl-1";

    public static async Task Send(HttpContext context, FakeAct act, FakeRequest? request)
    {
        var (response, gone) = (context.Response, context.RequestAborted);
        switch (act)
        {
            case FakeAct.Answer answer when request!.Stream:
                await Stream(response, answer, request, gone);
                break;
            case FakeAct.Answer answer:
                response.ContentType = "application/json";
                await response.WriteAsync(Whole(answer, request!).ToJsonString(), gone);
                break;
            case FakeAct.Error error:
                await SendError(response, error, gone);
                break;
            case FakeAct.Redirect redirect:
                response.StatusCode = 302;
                response.Headers.Location = redirect.Location;
                break;
            case FakeAct.Body body:
                response.ContentType = body.ContentType;
                await response.WriteAsync(body.Text, gone);
                break;
            case FakeAct.Stall:
                await Begin(response, gone);
                await Forever(gone);
                break;
            case FakeAct.Silence:
                await Forever(gone);
                break;
            case FakeAct.Cut:
                await Begin(response, gone);
                context.Abort();
                break;
            case FakeAct.EndlessStream:
                await Begin(response, gone);
                await Repeat(response, Event(Chunk(new JsonObject { ["content"] = "more and more " })), gone);
                break;
            case FakeAct.EndlessLine:
                await Begin(response, gone);
                await Repeat(response, new string('x', 64 * 1024), gone);
                break;
            case FakeAct.Drip drip:
                await Drip(response, drip, gone);
                break;
            case FakeAct.GzipBomb:
                await SendBomb(response, gone);
                break;
            case FakeAct.Late late:
                await Task.Delay(late.Delay, gone);
                await Send(context, late.Then, request);
                break;
            case FakeAct.Held held:
                await held.Gate.WaitAsync(gone);
                await Send(context, held.Then, request);
                break;
            default:
                throw new InvalidOperationException($"No fake does {act}.");
        }
    }

    private static async Task Stream(
        HttpResponse response,
        FakeAct.Answer answer,
        FakeRequest request,
        CancellationToken gone
    )
    {
        await Begin(response, gone);
        foreach (var (key, text) in Parts(answer))
        {
            foreach (var piece in text.Chunk(answer.PieceLength).Select(piece => new string(piece)))
            {
                var delta = new JsonObject { [key] = piece };
                if (key == "reasoning" && answer.Key == ReasoningKey.Both)
                {
                    delta["reasoning_content"] = piece;
                }
                await response.WriteAsync(Event(Chunk(delta, logprobs: request.Logprobs && answer.Logprobs)), gone);
            }
        }
        await response.WriteAsync(Event(Chunk([], answer.FinishReason)), gone);
        if (request.IncludeUsage)
        {
            var usage = Head("chat.completion.chunk");
            usage["choices"] = new JsonArray();
            usage["usage"] = Usage(answer);
            await response.WriteAsync(Event(usage), gone);
        }
        if (answer.Done)
        {
            await response.WriteAsync("data: [DONE]\n\n", gone);
        }
    }

    private static IEnumerable<(string Key, string Text)> Parts(FakeAct.Answer answer) =>
        answer switch
        {
            { Reasoning: "" } => [("content", answer.Content)],
            { Key: ReasoningKey.Inline } => [("content", $"<think>{answer.Reasoning}</think>{answer.Content}")],
            { Key: ReasoningKey.ReasoningContent } =>
            [
                ("reasoning_content", answer.Reasoning),
                ("content", answer.Content),
            ],
            _ => [("reasoning", answer.Reasoning), ("content", answer.Content)],
        };

    private static JsonObject Whole(FakeAct.Answer answer, FakeRequest request)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = "" };
        foreach (var (key, text) in Parts(answer))
        {
            message[key] = text;
        }
        if (answer is { Key: ReasoningKey.Both, Reasoning.Length: > 0 })
        {
            message["reasoning_content"] = answer.Reasoning;
        }
        var whole = Head("chat.completion");
        whole["choices"] = new JsonArray(
            new JsonObject
            {
                ["index"] = 0,
                ["message"] = message,
                ["logprobs"] = request.Logprobs && answer.Logprobs ? Logprobs() : null,
                ["finish_reason"] = answer.FinishReason,
                ["stop_reason"] = null,
            }
        );
        whole["usage"] = Usage(answer);
        return whole;
    }

    private static JsonObject Chunk(JsonObject delta, string? finish = null, bool logprobs = false)
    {
        var chunk = Head("chat.completion.chunk");
        chunk["choices"] = new JsonArray(
            new JsonObject
            {
                ["index"] = 0,
                ["delta"] = delta,
                ["logprobs"] = logprobs ? Logprobs() : null,
                ["finish_reason"] = finish,
            }
        );
        return chunk;
    }

    private static JsonObject Head(string kind) =>
        new()
        {
            ["id"] = Id,
            ["object"] = kind,
            ["created"] = 1_700_000_000,
            ["model"] = FakeTeacherServer.Model,
        };

    private static JsonObject Logprobs() =>
        new()
        {
            ["content"] = new JsonArray(
                new JsonObject
                {
                    ["token"] = "A",
                    ["logprob"] = -0.1,
                    ["bytes"] = new JsonArray(65),
                    ["top_logprobs"] = new JsonArray(),
                }
            ),
        };

    private static JsonObject Usage(FakeAct.Answer answer)
    {
        var completion = Words(answer.Reasoning) + Words(answer.Content);
        return new()
        {
            ["prompt_tokens"] = 100,
            ["completion_tokens"] = completion,
            ["total_tokens"] = 100 + completion,
        };
    }

    private static int Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;

    private static async Task Begin(HttpResponse response, CancellationToken gone)
    {
        response.ContentType = "text/event-stream";
        await response.WriteAsync(Event(Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" })), gone);
        await response.Body.FlushAsync(gone);
    }

    private static string Event(JsonNode data) => $"data: {data.ToJsonString()}\n\n";

    private static async Task Repeat(HttpResponse response, string text, CancellationToken gone)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        while (true)
        {
            await response.Body.WriteAsync(bytes, gone);
        }
    }

    private static async Task Drip(HttpResponse response, FakeAct.Drip drip, CancellationToken gone)
    {
        await Begin(response, gone);
        foreach (var c in Event(Chunk(new JsonObject { ["content"] = new string('a', 100_000) })))
        {
            await response.WriteAsync(c.ToString(), gone);
            await response.Body.FlushAsync(gone);
            await Task.Delay(drip.Pause, gone);
        }
    }

    private static async Task SendBomb(HttpResponse response, CancellationToken gone)
    {
        response.ContentType = "application/json";
        response.Headers.ContentEncoding = "gzip";
        await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        var zeros = new byte[1 << 20];
        for (var i = 0; i < 64; i++)
        {
            await gzip.WriteAsync(zeros, gone);
        }
    }

    private static async Task SendError(HttpResponse response, FakeAct.Error error, CancellationToken gone)
    {
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        if (error.RetryAfter is not null)
        {
            response.Headers.RetryAfter = error.RetryAfter;
        }
        var body = new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["message"] = error.Message,
                ["type"] = "invalid_request_error",
                ["param"] = null,
                ["code"] = error.Status,
            },
        };
        await response.WriteAsync(body.ToJsonString(new JsonSerializerOptions()), gone);
    }

    private static Task Forever(CancellationToken gone) => Task.Delay(Timeout.Infinite, gone);
}
