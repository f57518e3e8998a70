using System.Globalization;
using System.Text.Json.Nodes;
using CLGRPO.Web.Operation;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Errors under <c>/v1</c>, as OpenAI's clients read them.</summary>
public static class OpenAIErrors
{
    private const string RetryAfterSeconds = "2";

    /// <summary>Whether a request is answered in OpenAI's words.</summary>
    public static bool Concerns(HttpContext context) => context.Request.Path.StartsWithSegments("/v1");

    /// <summary>Gives refusals that have no body yet, and failures, OpenAI's envelope.</summary>
    public static void UseOpenAIErrors(this IApplicationBuilder api)
    {
        var failures = Failures.Options;
        failures.ExceptionHandler = AnswerAsync;
        api.UseExceptionHandler(failures);
        api.UseStatusCodePages(refused => AnswerAsync(refused.HttpContext));
    }

    private static Task AnswerAsync(HttpContext context) =>
        WriteAsync(context, context.Response.StatusCode, MessageOf(context, context.Response.StatusCode));

    /// <summary>Answers with an error.</summary>
    /// <param name="parameter">The field that is to blame; null where none is.</param>
    public static Task WriteAsync(HttpContext context, int status, string message, string? parameter = null)
    {
        var response = context.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (
            status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable
            && response.Headers.RetryAfter.Count == 0
        )
            response.Headers.RetryAfter = RetryAfterSeconds;
        response.ContentType = "application/json";
        return response.WriteAsync(
            Envelope(status, message, parameter).ToJsonString(OpenAIJson.Options),
            context.RequestAborted
        );
    }

    /// <summary>The error itself, also for the middle of a stream.</summary>
    public static JsonObject Envelope(int status, string message, string? parameter) =>
        new()
        {
            ["error"] = new JsonObject
            {
                ["message"] = message,
                ["type"] = TypeOf(status),
                ["param"] = parameter,
                ["code"] = status,
            },
        };

    /// <summary>The status for a request that is not answered.</summary>
    public static int StatusOf(InferenceFault fault) =>
        fault switch
        {
            InferenceFault.Request => StatusCodes.Status400BadRequest,
            InferenceFault.NoModel => StatusCodes.Status404NotFound,
            InferenceFault.Busy => StatusCodes.Status429TooManyRequests,
            _ => StatusCodes.Status503ServiceUnavailable,
        };

    private static string TypeOf(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error",
            StatusCodes.Status403Forbidden => "permission_error",
            StatusCodes.Status404NotFound => "not_found_error",
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        };

    private static string MessageOf(HttpContext context, int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized =>
                "Give one valid API key as 'Authorization: Bearer <key>'; an admin makes keys on the site's page Admin.",
            StatusCodes.Status403Forbidden => $"The key or person may not do this; it needs '{InferenceScopes.Use}'.",
            StatusCodes.Status404NotFound =>
                $"There is no {context.Request.Method} {context.Request.Path}; there are POST /v1/chat/completions, GET /v1/models and GET /v1/models/<id>.",
            StatusCodes.Status405MethodNotAllowed => $"{context.Request.Path} does not take {context.Request.Method}.",
            StatusCodes.Status408RequestTimeout => "The request did not arrive in time.",
            StatusCodes.Status413PayloadTooLarge => "The request is too large.",
            StatusCodes.Status415UnsupportedMediaType => "Send JSON, with the header 'Content-Type: application/json'.",
            StatusCodes.Status429TooManyRequests => "Too many requests in this minute.",
            >= 500 => "The site failed; its log says how.",
            _ => string.Create(CultureInfo.InvariantCulture, $"The request was refused with status {status}."),
        };
}
