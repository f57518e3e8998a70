using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Accounts;

[Trait("Id", "A-AUTH-1")]
public sealed class AuthorizationTests(BareSite site) : IClassFixture<BareSite>
{
    /// <summary>What nobody needs to sign in for; static files beside.</summary>
    private static readonly HashSet<string> Open = new(StringComparer.Ordinal)
    {
        "/alive",
        "/health",
        "/login",
        "/join",
        "/join/{token}",
        "/denied",
        "/error",
        "/not-found",
    };

    [Fact]
    public void Endpoints_All_SayWhoMay()
    {
        var routes = site
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .ToList();
        // The framework's own: the circuit carries what its page may, and is refused without one. What is silent is for the signed in.
        var silent = routes.Where(route => !Says(route) && !IsFramework(route)).Select(RouteOf).ToList();

        Assert.NotEmpty(routes);
        Assert.Empty(silent);
    }

    [Fact]
    public void Endpoints_OpenToAll_AreOnTheList()
    {
        var open = site
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is not null && !IsStaticFile(route))
            .Select(RouteOf);

        Assert.DoesNotContain(open, path => !Open.Contains(path));
    }

    [Fact]
    public void HubMethods_All_SayWhoMay()
    {
        var hubs = typeof(Program)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Hub)) && !type.IsAbstract);
        var silent = hubs.SelectMany(hub =>
                hub.GetMethods()
                    .Where(method =>
                        method.DeclaringType == hub && !method.IsSpecialName && method.GetBaseDefinition() == method
                    )
            )
            .Where(method =>
                !method.IsDefined(typeof(AuthorizeAttribute), inherit: true)
                && !method.DeclaringType!.IsDefined(typeof(AuthorizeAttribute), inherit: true)
            )
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}");

        Assert.Empty(silent);
    }

    [Fact]
    public async Task Get_EveryPageAnonymous_IsRefusedOrOnTheList()
    {
        using var client = site.CreateClient();
        var paths = site
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(route => !IsStaticFile(route) && !Open.Contains(RouteOf(route)) && !RouteOf(route).Contains('{'))
            .Select(RouteOf)
            .Append("/_blazor/negotiate?negotiateVersion=1")
            .Distinct();

        foreach (var path in paths)
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post])
            {
                using var request = new HttpRequestMessage(method, path);
                using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.False(
                    answer.IsSuccessStatusCode && !path.StartsWith("/_framework", StringComparison.Ordinal),
                    $"{method} {path} answered {answer.StatusCode} to somebody not signed in"
                );
            }
        }
    }

    private static string RouteOf(RouteEndpoint route) => "/" + route.RoutePattern.RawText!.TrimStart('/');

    private static bool Says(RouteEndpoint route) =>
        route.Metadata.GetMetadata<IAuthorizeData>() is not null
        || route.Metadata.GetMetadata<AuthorizationPolicy>() is not null
        || route.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static bool IsFramework(RouteEndpoint route) =>
        RouteOf(route) == "/{**path:file}"
        || RouteOf(route).StartsWith("/_blazor", StringComparison.Ordinal)
        || RouteOf(route).StartsWith("/_framework", StringComparison.Ordinal);

    private static bool IsStaticFile(RouteEndpoint route) =>
        route.Metadata.Any(item => item.GetType().Name == "StaticAssetDescriptor")
        || RouteOf(route).StartsWith("/_framework", StringComparison.Ordinal);
}
