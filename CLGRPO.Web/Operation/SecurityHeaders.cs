namespace CLGRPO.Web.Operation;

/// <summary>Headers that hold a browser to what the site serves itself.</summary>
public static class SecurityHeaders
{
    // Inline styles: components set widths and positions. Pictures: thumbnails made in the browser are blobs.
    private const string ContentSecurity =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        + "object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";

    public static void UseSecurityHeaders(this IApplicationBuilder app) =>
        app.Use(
            (context, next) =>
            {
                var headers = context.Response.Headers;
                headers.ContentSecurityPolicy = ContentSecurity;
                headers.XContentTypeOptions = "nosniff";
                headers.XFrameOptions = "DENY";
                headers["Referrer-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                return next(context);
            }
        );

    /// <summary>
    /// Refuses what a page of another origin asks for: browsers open WebSockets to any site and send its cookies along. Programs send no Origin.
    /// </summary>
    public static void UseSameOrigin(this IApplicationBuilder app) =>
        app.Use(
            (context, next) =>
            {
                var origin = context.Request.Headers.Origin;
                if (
                    HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Upgrade.Count == 0
                    || origin.Count == 0
                    || IsOwn(origin, context.Request)
                )
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            }
        );

    // Behind a proxy the scheme differs, so hosts are what is compared.
    private static bool IsOwn(string? origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
}
