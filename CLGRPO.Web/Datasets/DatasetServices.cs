using CLGRPO.Data.Browsing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets.Jobs;
using CLGRPO.Web.Datasets.Uploads;

namespace CLGRPO.Web.Datasets;

/// <summary>Data sets on the site.</summary>
public static class DatasetServices
{
    public static void AddDatasets(this IServiceCollection services)
    {
        services
            .AddOptions<DataOptions>()
            .BindConfiguration(DataOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<DatasetCatalog>();
        services.AddSingleton<SampleSearch>();
        services.AddSingleton<SampleReader>();
        services.AddSingleton<SampleMoves>();
        services.AddSingleton<Thumbnails>();
        services.AddSingleton<UploadStore>();
        services.AddSingleton<ImportSources>();
        services.AddSingleton<Imports>();
        services.AddSingleton<DataWork>();
        services.AddSingleton<VersionWork>();
        services.AddSingleton<DataJobs>();
        services.AddHostedService(provider => provider.GetRequiredService<DataJobs>());
    }

    /// <summary>
    /// Lets browsers keep pictures, which never change under their hash. Stands before authentication: a cookie that is renewed on the way
    /// would forbid it.
    /// </summary>
    public static void UsePictureCaching(this IApplicationBuilder app) =>
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments(DatasetEndpoints.Pictures),
            pictures =>
                pictures.Use(
                    (context, next) =>
                    {
                        var response = context.Response;
                        response.OnStarting(() =>
                        {
                            if (response.StatusCode is StatusCodes.Status200OK or StatusCodes.Status304NotModified)
                            {
                                response.Headers.CacheControl = DatasetEndpoints.Immutable;
                                response.Headers.Remove("Pragma");
                                response.Headers.Remove("Expires");
                            }
                            return Task.CompletedTask;
                        });
                        return next(context);
                    }
                )
        );

    public static void MapDatasetWork(this IEndpointRouteBuilder routes)
    {
        routes.MapDatasets();
        routes.MapUploads();
        routes.MapImports();
        routes.MapDataJobs();
    }
}
