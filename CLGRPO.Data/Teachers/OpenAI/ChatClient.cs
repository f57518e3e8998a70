using System.Net;
using System.Net.Http.Headers;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Network;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>Sends chats to one endpoint and reads the answers as what they are: a stranger's bytes.</summary>
/// <remarks>No message of this class holds the key, or words of the endpoint or of a library.</remarks>
internal sealed class ChatClient : IDisposable
{
    private const string UserAgent = "CLGRPO";
    private readonly TeacherEndpoint _endpoint;
    private readonly Secret? _key;
    private readonly ReplyLimits _limits;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    /// <param name="endpoint">From the allow-list.</param>
    /// <param name="key">Stored for the endpoint's origin; null for none.</param>
    public ChatClient(
        TeacherEndpoint endpoint,
        Secret? key,
        GuardedConnector connector,
        ReplyLimits? limits = null,
        TimeProvider? time = null
    )
    {
        (_endpoint, _key, _limits) = (endpoint, key, limits ?? new());
        _time = time ?? TimeProvider.System;
        _http = new HttpMessageInvoker(connector.CreateHandler(endpoint.Origin), disposeHandler: true);
    }

    /// <exception cref="TeacherException">There is no usable answer.</exception>
    public async Task<ChatReply> Send(ChatRequest request, CancellationToken stop)
    {
        using var total = new CancellationTokenSource(_limits.Total, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, total.Token);
        try
        {
            using var message = MessageOf(request);
            using var response = await _http.SendAsync(message, either.Token);
            CheckStatus(response);
            CheckEncoding(response.Content.Headers);
            return await Read(response.Content, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TeacherException(
                TeacherFault.Timeout,
                $"{_endpoint.Origin} did not finish its answer within {_limits.Total.TotalSeconds:0.###} s."
            );
        }
        catch (HttpRequestException e)
        {
            throw Explain(e);
        }
        catch (IOException)
        {
            throw new TeacherException(TeacherFault.ConnectionLost, $"{_endpoint.Origin} broke off in mid-reply.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage MessageOf(ChatRequest request)
    {
        var content = new ByteArrayContent(request.ToJson());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var message = new HttpRequestMessage(HttpMethod.Post, _endpoint.ChatCompletions) { Content = content };
        message.Headers.UserAgent.ParseAdd(UserAgent);
        message.Headers.Accept.ParseAdd("application/json");
        message.Headers.Accept.ParseAdd("text/event-stream");
        message.Headers.AcceptEncoding.ParseAdd("identity");
        if (_key is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key.Reveal());
        }
        return message;
    }

    private async Task<ChatReply> Read(HttpContent content, CancellationToken stop)
    {
        await using var stream = await content.ReadAsStreamAsync(stop);
        var body = new ReplyBody(stream, _limits, _time);
        return string.Equals(
            content.Headers.ContentType?.MediaType,
            "text/event-stream",
            StringComparison.OrdinalIgnoreCase
        )
            ? await ReadStream(body, stop)
            : await ReadWhole(body, stop);
    }

    private async Task<ChatReply> ReadWhole(ReplyBody body, CancellationToken stop)
    {
        var text = ReplyBody.Decode((await body.ReadToEnd(stop)).Span);
        var builder = new ChatReplyBuilder(_limits);
        builder.Add(text);
        return builder.Build(text, ended: true);
    }

    private async Task<ChatReply> ReadStream(ReplyBody body, CancellationToken stop)
    {
        var builder = new ChatReplyBuilder(_limits);
        await foreach (var data in ServerSentEvents.Read(body, stop))
        {
            if (data == "[DONE]")
            {
                return builder.Build(raw: null, ended: true);
            }
            builder.Add(data);
        }
        return builder.HasFinished
            ? builder.Build(raw: null, ended: false)
            : throw new TeacherException(
                TeacherFault.ConnectionLost,
                $"{_endpoint.Origin} ended its stream in mid-reply."
            );
    }

    private void CheckStatus(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status == (int)HttpStatusCode.OK)
        {
            return;
        }
        var (fault, what) = status switch
        {
            >= 300 and < 400 => (
                TeacherFault.Refused,
                "redirects elsewhere, which is not followed; give the final address as the endpoint"
            ),
            401 or 403 => (
                TeacherFault.Unauthorized,
                _key is null ? "asks for a key; none is stored" : "refuses the stored key"
            ),
            404 => (
                TeacherFault.Refused,
                "knows no such path or model; check the endpoint's path and the model's name"
            ),
            408 => (TeacherFault.Timeout, "timed out"),
            413 => (TeacherFault.Refused, "finds the request too large; lower the teacher's image size"),
            429 => (TeacherFault.RateLimited, "is asked too often"),
            >= 500 => (TeacherFault.ServerError, "failed"),
            _ => (TeacherFault.Refused, "refuses the request"),
        };
        throw new TeacherException(
            fault,
            $"{_endpoint.Origin} answered {status}: it {what}.",
            status,
            RetryAfterOf(response.Headers.RetryAfter)
        );
    }

    private TimeSpan? RetryAfterOf(RetryConditionHeaderValue? header)
    {
        var wait = header?.Delta ?? (header?.Date is { } date ? date - _time.GetUtcNow() : null);
        return wait is { } known && known < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    // Compression was not offered; a server that compresses all the same may mean a bomb.
    private void CheckEncoding(HttpContentHeaders headers)
    {
        if (
            headers.ContentEncoding.Any(encoding =>
                !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            throw new TeacherException(TeacherFault.Garbage, $"{_endpoint.Origin} sent a compressed reply unasked.");
        }
    }

    private TeacherException Explain(HttpRequestException e) =>
        e.InnerException is TeacherException fault
            ? fault
            : e.HttpRequestError switch
            {
                HttpRequestError.SecureConnectionError => new(
                    TeacherFault.ConnectionLost,
                    $"{_endpoint.Origin} has no certificate that this machine trusts, or speaks no TLS."
                ),
                HttpRequestError.ConfigurationLimitExceeded => new(
                    TeacherFault.TooLarge,
                    $"{_endpoint.Origin} sent headers beyond all measure."
                ),
                HttpRequestError.InvalidResponse => new(
                    TeacherFault.Garbage,
                    $"{_endpoint.Origin} does not speak HTTP."
                ),
                _ => new(TeacherFault.ConnectionLost, $"{_endpoint.Origin} dropped the connection."),
            };
}
