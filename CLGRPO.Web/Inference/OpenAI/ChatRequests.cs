using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Takes the bodies of requests in: a bounded number at once, each of bounded size and within bounded time.</summary>
internal sealed class ChatRequests(IOptions<InferenceOptions> options, TimeProvider clock) : IDisposable
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };
    private readonly SemaphoreSlim _slots = new(AtOnce);

    /// <exception cref="ChatRequestException">The request is refused.</exception>
    public async Task<ChatRequest> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
            throw new ChatRequestException(
                "Send JSON, with the header 'Content-Type: application/json'.",
                status: StatusCodes.Status415UnsupportedMediaType
            );
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize =
            (long)options.Value.MaxBodyMiB << 20;
        using var patience = new CancellationTokenSource(Patience, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.RequestAborted);
        await _slots.WaitAsync(stop.Token);
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, Strict, stop.Token);
            return ChatRequestReader.Read(body.RootElement);
        }
        catch (JsonException e)
        {
            throw new ChatRequestException(
                $"The body is not JSON that is taken here (line {e.LineNumber + 1}): no value may be missing, given twice or nested too deep."
            );
        }
        catch (InvalidOperationException)
        {
            throw new ChatRequestException("The body holds half a surrogate pair, which is no text.");
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw Late();
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            throw Late();
        }
        finally
        {
            _slots.Release();
        }
    }

    private static ChatRequestException Late() =>
        new("The request did not arrive in time.", status: StatusCodes.Status408RequestTimeout);

    public void Dispose() => _slots.Dispose();
}
