namespace CLGRPO.Web.Playground;

/// <summary>The playground on the site.</summary>
public static class PlaygroundServices
{
    public static void AddPlayground(this IServiceCollection services)
    {
        services.AddSingleton<PlaygroundShelf>();
        services.AddSingleton<PlaygroundModels>();
        services.AddSingleton<PlaygroundSamples>();
        services.AddSingleton<ThumbReviews>();
    }
}
