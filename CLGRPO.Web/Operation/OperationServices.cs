using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets;
using CLGRPO.Web.Inference.OpenAI;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>What every request passes, and how the site is set.</summary>
public static class OperationServices
{
    private const int MaxConnections = 2000;

    public static void AddOperation(this WebApplicationBuilder builder)
    {
        // Scripts and styles of a build that is not published lie in the source folders.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls([.. Addresses.Of(builder.Configuration)]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        });
        var services = builder.Services;
        services
            .AddOptions<SiteOptions>()
            .BindConfiguration(SiteOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true);
        services.AddSingleton<IValidateOptions<SiteOptions>, SiteOptionsCheck>();
        services
            .AddOptions<KestrelServerOptions>()
            .Configure<IOptions<SiteOptions>>(
                (kestrel, site) =>
                {
                    kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(site.Value.HeaderSeconds);
                    kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(site.Value.IdleSeconds);
                }
            );
        services
            .AddOptions<HostOptions>()
            .Configure<IOptions<SiteOptions>>(
                (host, site) => host.ShutdownTimeout = TimeSpan.FromSeconds(site.Value.ShutdownSeconds)
            );
        services
            .AddOptions<TrainingOptions>()
            .Configure<IOptions<SiteOptions>>(
                (training, site) =>
                    (training.RunsPath, training.DatasetsPath) = (site.Value.RunsPath, site.Value.DatasetsPath)
            );
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(site => StoreFactory.Open(site.GetRequiredService<IOptions<SiteOptions>>().Value.Store));
        services.AddSingleton<SiteMeter>();
        services.AddSingleton<OpenPages>();
        services.AddScoped<PagePlace>();
        services.AddScoped<CircuitHandler, CircuitDoor>();
        services.AddSingleton<OpenMetrics>();
        services.AddSingleton<TrainingMeter>();
        services.AddSingleton<MachineWatch>();
        services.AddHostedService(site => site.GetRequiredService<MachineWatch>());
        services.AddProblemDetails();
        services.AddRateLimits();
        services.AddHealth();
    }

    public static void UseOperation(this WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseKnownHosts();
        app.UseWhen(OpenAIErrors.Concerns, api => api.UseOpenAIErrors());
        app.UseSameOrigin();
        app.UseWhen(IsForPrograms, api => api.UseExceptionHandler(Failures.Options).UseStatusCodePages());
        app.UseWhen(
            context => !IsForPrograms(context) && !OpenAIErrors.Concerns(context),
            pages => pages.UseExceptionHandler("/error").UseStatusCodePagesWithReExecute("/not-found")
        );
        app.UsePictureCaching();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseAntiforgery();
    }

    /// <summary>Programs get problem details where people get pages.</summary>
    internal static bool IsForPrograms(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api")
        || context.Request.Path.StartsWithSegments("/hubs")
        || context.Request.Path.StartsWithSegments("/metrics");
}
