using CLGRPO.Web.Inference.OpenAI;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace CLGRPO.Web.Operation;

/// <summary>
/// Refuses requests under a name that is not the site's, and says so: a page of another name, whose name server points to this machine,
/// would otherwise reach the site with the rights of whoever looks at it.
/// </summary>
public static class KnownHosts
{
    private const int LongestShown = 80;

    public static void UseKnownHosts(this IApplicationBuilder app)
    {
        var names = Names(app.ApplicationServices.GetRequiredService<IOptions<SiteOptions>>().Value.AllowedHosts);
        app.Use(
            (context, next) =>
                context.Request.Host.Value is not { Length: > 0 } host // HTTP/1.0 has none, and no browser speaks it
                || HostString.MatchesAny(host, names)
                    ? next(context)
                    : RefuseAsync(context, host)
        );
    }

    private static List<StringSegment> Names(string setting) =>
        [
            .. setting
                .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => new StringSegment(new HostString(name).ToUriComponent())),
        ];

    private static Task RefuseAsync(HttpContext context, string host)
    {
        const int Status = StatusCodes.Status400BadRequest;
        var shown = host.Length > LongestShown ? $"{host[..LongestShown]}…" : host;
        var message =
            $"This site is not called '{shown}'. Use a name that it has; or whoever runs it adds this one, without its port, to the setting Site:AllowedHosts (variable Site__AllowedHosts) and starts it again.";
        if (OpenAIErrors.Concerns(context))
            return OpenAIErrors.WriteAsync(context, Status, message);
        if (OperationServices.IsForPrograms(context))
            return Results.Problem(message, statusCode: Status, title: "Unknown host name").ExecuteAsync(context);
        context.Response.StatusCode = Status;
        context.Response.ContentType = "text/plain; charset=utf-8"; // never HTML: the name is a stranger's
        return context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }
}
