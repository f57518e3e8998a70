using System.Globalization;
using System.Security.Claims;
using System.Threading.RateLimiting;
using CLGRPO.Web.Accounts;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Limits tries to sign in per address, and API requests per key or person.</summary>
public static class RateLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private const int PicturesPerRequest = 20;
    private static readonly string[] ApiPaths = ["/api", "/hubs", "/v1", "/metrics"];
    private static readonly string[] SignInPaths = ["/login", "/join", "/password"];

    public static void AddRateLimits(this IServiceCollection services) =>
        services
            .AddRateLimiter(limiter =>
            {
                limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
                limiter.OnRejected = (rejection, _) =>
                {
                    var wait = rejection.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Window;
                    rejection.HttpContext.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(
                        CultureInfo.InvariantCulture
                    );
                    return ValueTask.CompletedTask;
                };
            })
            .AddOptions<Microsoft.AspNetCore.RateLimiting.RateLimiterOptions>()
            .Configure<IOptions<SiteOptions>>(
                (limiter, site) =>
                    limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(c =>
                        PartitionOf(c, site.Value)
                    )
            );

    private static RateLimitPartition<string> PartitionOf(HttpContext context, SiteOptions options)
    {
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        var path = context.Request.Path;
        if (SignInPaths.Any(prefix => path.StartsWithSegments(prefix)) && HttpMethods.IsPost(context.Request.Method))
            return PerMinute($"sign-in:{address}", options.SignInsPerMinute);
        // A screenful of pictures is a hundred requests, each small and kept by the browser.
        if (path.StartsWithSegments("/api/v1/datasets/images") && HttpMethods.IsGet(context.Request.Method))
            return PerMinute(
                $"pictures:{Caller(context.User) ?? address}",
                options.ApiRequestsPerMinute * PicturesPerRequest
            );
        if (ApiPaths.Any(prefix => path.StartsWithSegments(prefix)))
            return PerMinute($"api:{Caller(context.User) ?? address}", options.ApiRequestsPerMinute);
        return RateLimitPartition.GetNoLimiter("pages");
    }

    private static string? Caller(ClaimsPrincipal user) =>
        user.FindFirstValue(ApiKeyHandler.KeyIdClaim) is { } key
            ? $"key:{key}"
            : user.FindFirstValue(ClaimTypes.NameIdentifier);

    private static RateLimitPartition<string> PerMinute(string partition, int permits) =>
        RateLimitPartition.GetFixedWindowLimiter(
            partition,
            _ => new FixedWindowRateLimiterOptions { PermitLimit = permits, Window = Window }
        );
}
