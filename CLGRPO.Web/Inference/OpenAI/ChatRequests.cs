using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>
/// Takes the bodies of requests in: a bounded number at once and of each caller, so that slow ones hold up nobody else; each of bounded
/// size and within bounded time.
/// </summary>
internal sealed class ChatRequests(IOptions<InferenceOptions> options, TimeProvider clock) : IDisposable
{
    private const int AtOnce = 8;
    private const int OfEach = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };
    private readonly SemaphoreSlim _slots = new(AtOnce);
    private readonly PartitionedRateLimiter<string> _shares = PartitionedRateLimiter.Create<string, string>(caller =>
        RateLimitPartition.GetConcurrencyLimiter(
            caller,
            _ => new ConcurrencyLimiterOptions { PermitLimit = OfEach, QueueLimit = int.MaxValue }
        )
    );

    /// <param name="caller">Whose request it is.</param>
    /// <exception cref="ChatRequestException">The request is refused.</exception>
    public async Task<ChatRequest> ReadAsync(HttpContext context, string caller)
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
        try
        {
            using var share = await _shares.AcquireAsync(caller, cancellationToken: stop.Token);
            using var body = await ParseAsync(context.Request.Body, stop.Token);
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
        catch (BadHttpRequestException e)
        {
            throw Unread(e.StatusCode);
        }
    }

    private async Task<JsonDocument> ParseAsync(Stream body, CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        try
        {
            return await JsonDocument.ParseAsync(body, Strict, stop);
        }
        finally
        {
            _slots.Release();
        }
    }

    private ChatRequestException Unread(int status) =>
        status switch
        {
            StatusCodes.Status408RequestTimeout => Late(),
            StatusCodes.Status413PayloadTooLarge => new(
                $"The body is larger than {options.Value.MaxBodyMiB} MiB, the most that is taken here; send fewer or smaller images.",
                status: status
            ),
            _ => new("The body is cut off, or not as its header says.", status: status),
        };

    private static ChatRequestException Late() =>
        new("The request did not arrive in time.", status: StatusCodes.Status408RequestTimeout);

    public void Dispose()
    {
        _slots.Dispose();
        _shares.Dispose();
    }
}
