using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CLGRPO.Web.Api;

/// <summary>Spares who asks again and again what it has already: an <c>ETag</c> of the answer's content, and 304 while that is the same.</summary>
public static class ETags
{
    private const int TagBytes = 12;

    /// <summary>For GET; an endpoint that knows its tag without making the answer sets it itself.</summary>
    public static async ValueTask<object?> OfContent(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        var result = await next(context);
        var http = context.HttpContext;
        var answer = result is INestedHttpResult nested ? nested.Result : result;
        if (
            !HttpMethods.IsGet(http.Request.Method)
            || http.Response.Headers.ETag.Count > 0
            || answer is not IValueHttpResult { Value: { } value }
            || answer is IStatusCodeHttpResult { StatusCode: not StatusCodes.Status200OK }
        )
            return result;
        var json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var body = JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), json);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, TagBytes))}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.CacheControl = "private, no-cache";
        return Has(http.Request, tag)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(body, "application/json; charset=utf-8");
    }

    /// <summary>Whether the one who asks has what <paramref name="tag"/> names.</summary>
    public static bool Has(HttpRequest request, string tag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known)
        && known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Tag.Equals(tag, StringComparison.Ordinal));
}
