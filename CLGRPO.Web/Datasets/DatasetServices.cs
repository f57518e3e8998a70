using CLGRPO.Data.Browsing;

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
    }
}
